using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>What a session does when an answer is late, negative, or will never come.</summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        /// <summary>Keeps a timer running exactly while an answer is due.</summary>
        public void GuardAnswer()
        {
            var isDue = IsAnswerDue(State);
            if (isDue && (_restartTimer || !IsAnswerDue(_before)))
                _effects.Add(new EdgeEffect.StartTimer(Options.AnswerTimeout));
            else if (!isDue && IsAnswerDue(_before) && State.Phase != EdgePhase.Ended)
                _effects.Add(new EdgeEffect.CancelTimer());
        }

        private static bool IsAnswerDue(EdgeState state) =>
            state.Phase is EdgePhase.Joining or EdgePhase.Planning or EdgePhase.Opening
            || (state.Phase == EdgePhase.Running && state.HasUnacknowledged);

        private void Retry()
        {
            if (!IsAnswerDue(State))
                return;
            State = State with { Attempts = State.Attempts + 1 };
            _restartTimer = true;
            if (State.Attempts >= Options.AttemptsMax)
            {
                GiveUp();
                return;
            }

            switch (State.Phase)
            {
                case EdgePhase.Joining: Send(Options.Scheduler, Hello()); break;
                case EdgePhase.Planning: Send(Options.Scheduler, PlanRequest()); break;
                case EdgePhase.Opening: Send(State.Worker, OpenSession()); break;
                case EdgePhase.Running: State = State with { SentCount = State.AckedCount }; break;
            }
        }

        private void GiveUp()
        {
            var silence = $"{State.Attempts} messages were not answered";
            if (State.Phase is EdgePhase.Opening or EdgePhase.Running)
                FailOver(silence);
            else
                End(EndReason.Failed, $"The scheduler at {Options.Scheduler} is out of reach: {silence}.");
        }

        private void LosePeer(string address, string reason)
        {
            if (address == State.Worker && State.Phase is EdgePhase.Opening or EdgePhase.Running)
                FailOver(reason);
        }

        /// <summary>Asks for another worker. The frames stay; the next epoch replays them.</summary>
        private void FailOver(string reason)
        {
            if (State.FailoverCount >= Options.FailoversMax)
            {
                End(EndReason.Failed, $"{State.FailoverCount + 1} workers were lost, the last because {reason}.");
                return;
            }

            Publish(new WorkerReplaced(State.Worker, reason));
            State = State with { FailoverCount = State.FailoverCount + 1, LostWorker = State.Worker };
            RequestPlan();
        }

        private void RequestPlan()
        {
            State = State with { Phase = EdgePhase.Planning, Attempts = 0, SentCount = 0, AckedCount = 0 };
            Send(Options.Scheduler, PlanRequest());
        }

        /// <summary>The worker misses frames: goes back to the one it expects.</summary>
        private void Rewind(int expectedPosition)
        {
            var index = State.Frames.FindIndex(frame => frame.Position == expectedPosition);
            if (index < 0 || index >= State.SentCount)
                return;
            State = State with { SentCount = index, AckedCount = Math.Min(State.AckedCount, index) };
            _restartTimer = true;
        }

        private void HandleRejected(string from, Rejected rejected)
        {
            var isForThisEpoch = IsCurrent(rejected.SessionId, rejected.Epoch) && from == State.Worker;
            var isFromScheduler = from == Options.Scheduler && State.Phase is EdgePhase.Joining or EdgePhase.Planning;
            if (!isForThisEpoch && !isFromScheduler)
                return;
            if (isForThisEpoch && rejected.Reason == RejectReason.UnknownSession)
                Open();
            else if (rejected.RetryAfterMs > 0)
                WaitAndRetry(TimeSpan.FromMilliseconds(rejected.RetryAfterMs), rejected.Detail);
            else if (isForThisEpoch && rejected.Reason == RejectReason.BadFrame)
                Retry();
            else
                End(EndReason.Failed, rejected.Detail);
        }

        /// <summary>Leaves the running timer to fire after the delay that the other side asked for.</summary>
        private void WaitAndRetry(TimeSpan delay, string detail)
        {
            if (State.Attempts + 1 >= Options.AttemptsMax)
            {
                End(EndReason.Failed, detail);
                return;
            }

            _effects.Add(new EdgeEffect.StartTimer(delay));
        }

        private bool CanContinueUnder(Plan plan) =>
            plan.SplitLayer == State.Plan!.SplitLayer && plan.Mode == State.Plan.Mode && plan.Compression.Equals(State.Plan.Compression);
    }
}
