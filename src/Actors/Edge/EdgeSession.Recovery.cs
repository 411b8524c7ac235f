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
            if (State.IsWaiting || State.Phase == EdgePhase.Ended)
                return;
            var (isDue, wasDue) = (IsAnswerDue(State), IsAnswerDue(_before));
            var isNewQuestion = State.Phase != _before.Phase || State.Epoch != _before.Epoch;
            if (isDue && (isNewQuestion || !wasDue))
                State = State with { ReminderCount = 0, LeavingBytes = 0, StallCount = 0 };
            if (isDue && (_restartTimer || isNewQuestion || !wasDue))
                StartAnswerTimer();
            else if (!isDue && (wasDue || _hasStartedTimer))
                _effects.Add(new EdgeEffect.CancelTimer());
        }

        private static bool IsAnswerDue(EdgeState state) =>
            state.Phase is EdgePhase.Joining or EdgePhase.Planning or EdgePhase.Opening
            || (state.Phase == EdgePhase.Running && (state.HasUnacknowledged || state.IsWaiting));

        private void Retry()
        {
            if (!IsAnswerDue(State))
                return;
            if (State is { LeavingBytes: > 0, IsWaiting: false })
            {
                WaitForDeparture();
                return;
            }

            if (State is { IsReminderUnanswered: true, IsWaiting: false } && GoOnElsewhere())
                return;
            if (Remind())
                return;
            State = State with { Attempts = State.IsWaiting ? 0 : State.Attempts + 1, ReminderCount = 0, IsWaiting = false, NackedPosition = -1, IsReminderUnanswered = true };
            _restartTimer = true;
            if (State.Attempts >= AttemptsMax)
            {
                GiveUp($"{State.Attempts} messages were not answered");
                return;
            }

            switch (State.Phase)
            {
                case EdgePhase.Joining: Send(Options.Scheduler, Hello()); break;
                case EdgePhase.Planning: Send(Options.Scheduler, PlanRequest()); break;
                case EdgePhase.Opening: Send(State.Worker, OpenSession()); break;
                case EdgePhase.Running when _before.IsWaiting || IsOneTokenDue: SendUnansweredAgain(); break;
                case EdgePhase.Running: AskWhatArrived(); break;
            }
        }

        private void SendUnansweredAgain()
        {
            State = State with { SentCount = State.AckedCount };
            if (!_before.IsWaiting)
                _effects.Add(new EdgeEffect.CountLoss());
        }

        private void GiveUp(string silence)
        {
            if (State.Phase is EdgePhase.Opening or EdgePhase.Running)
                FailOver(silence, isGone: false);
            else
                FallBackOrFail($"The scheduler at {Options.Scheduler} is out of reach: {silence}.");
        }

        private void LosePeer(string address, string reason)
        {
            if (address == State.Worker && State.Phase is EdgePhase.Opening or EdgePhase.Running)
                FailOver(reason, isGone: true);
            else if (address == State.Hedged?.Worker)
                WinHedge(reason, isGone: true);
            else if (address == Options.Scheduler && State.Phase is EdgePhase.Joining or EdgePhase.Planning)
                WaitForScheduler(reason);
        }

        /// <summary>It may be starting, or the way to it broken: asks again soon, and then less and less often.</summary>
        private void WaitForScheduler(string reason)
        {
            var waited = now - (State.RefusedSince ?? now);
            WaitAsTold(Within(waited, Options.FailoverPause, AnswerTimeout), $"The scheduler at {Options.Scheduler} is out of reach: {reason.TrimEnd('.')}.");
        }

        /// <summary>Goes on with an alternative, or asks for another worker. The frames stay; the next epoch replays them.</summary>
        private void FailOver(string reason, bool isGone)
        {
            if (State.Hedged is not null)
            {
                FailHedge(isGone);
                return;
            }

            if (!MayAskForAnother(reason))
                return;
            if (!isGone)
                Send(State.Worker, CloseSession());
            if (!State.IsOwnChoice)
            {
                Publish(new WorkerReplaced(State.Worker, reason));
                State = State with { LostWorker = State.Worker };
            }

            if (!TryAlternative())
                AskForAnother();
        }

        private bool MayAskForAnother(string reason)
        {
            if (State.FailoverCount < Options.FailoversMax)
                return true;
            FallBackOrFail($"{State.FailoverCount + 1} workers were lost since the last token, the last, {State.Worker}, because: {reason}.");
            return false;
        }

        private void AskForAnother()
        {
            State = State with { FailoverCount = State.FailoverCount + 1 };
            EnterPlanning();
            var askedCount = State.FailoverCount - State.OwnChoiceCount;
            if (askedCount == 1)
                Send(Options.Scheduler, PlanRequest());
            else
                Wait(PauseBefore(askedCount));
        }

        /// <summary>The scheduler may not know yet what the device knows, and name the lost worker again.</summary>
        private TimeSpan PauseBefore(int failover)
        {
            var doublings = Math.Min(failover - 2, 30);
            var pause = Options.FailoverPause * (1L << doublings);
            return pause < AnswerTimeout ? pause : AnswerTimeout;
        }

        /// <summary>The worker has forgotten the session: opens it there anew, but only once without a token in between.</summary>
        private void Reopen(string detail)
        {
            if (State.FailoverCount > 0)
            {
                FailOver(detail, isGone: false);
                return;
            }

            State = State with { FailoverCount = 1 };
            Open();
        }

        private void RequestPlan()
        {
            if (State is { Attempts: 0, ReminderCount: 0, RefusedSince: null })
                State = State with { HelloRoundTrip = now - State.TokenAt };
            EnterPlanning();
            Send(Options.Scheduler, PlanRequest());
        }

        private void EnterPlanning()
        {
            State = State with
            {
                Phase = EdgePhase.Planning,
                SentCount = 0,
                AckedCount = 0,
                Attempts = 0,
                IsWaiting = false,
                IsOwnChoice = false,
                RefusedSince = null,
                LeavingBytes = 0, // they were for the worker
                StallCount = 0,
            };
        }

        /// <summary>
        /// The worker misses frames: goes back to the one it expects. Every frame after a gap draws a <see cref="Nack"/>; only the first is
        /// followed. If what is sent now is lost again, the timer brings it back.
        /// </summary>
        private void Rewind(Nack nack)
        {
            if (State.IsWaiting || !State.HasUnacknowledged)
                return;
            var expectedPosition = nack.ExpectedPosition;
            if (expectedPosition == State.Frames[State.SentCount - 1].End || (nack.Position > 0 && nack.Position <= expectedPosition))
            {
                SettleReminder();
                WaitForWorker();
                return;
            }

            var index = State.Frames.FindIndex(frame => frame.Position == expectedPosition);
            if (index < State.AckedCount || index >= State.SentCount || expectedPosition <= State.NackedPosition)
                return;
            State = State with { SentCount = index, NackedPosition = expectedPosition };
            _effects.Add(new EdgeEffect.CountLoss());
        }

        /// <summary>The worker has all that it can have and is only slow: replaying elsewhere would take longer, unless it is slow for too long.</summary>
        private void WaitForWorker()
        {
            var since = State.RefusedSince ?? now;
            State = State with { RefusedSince = since, Attempts = 0 };
            _restartTimer = true;
            if (now - since > RefusedTimeMax)
                FailOver($"nothing was computed for {(now - since).TotalSeconds:0.#} s", isGone: false);
        }

        private void HandleRejected(string from, Rejected rejected)
        {
            var isFromWorker =
                from == State.Worker && State.Phase is EdgePhase.Opening or EdgePhase.Running && IsCurrent(rejected.SessionId, rejected.Epoch);
            var isFromScheduler = from == Options.Scheduler && State.Phase is EdgePhase.Joining or EdgePhase.Planning;
            if (from == Options.Scheduler && rejected.Reason == RejectReason.UnknownSession)
                Introduce(rejected.SessionId);
            else if (isFromWorker && (State.Hedged is not null || (State.IsOwnChoice && State.Phase == EdgePhase.Opening)))
                FailOver(rejected.Detail, isGone: State.Phase == EdgePhase.Opening);
            else if (isFromWorker || isFromScheduler)
                HandleRejected(rejected, isFromWorker);
            else if (State.Hedged is { } hedged && from == hedged.Worker && hedged.Is(rejected.SessionId, rejected.Epoch, State.Session) && rejected.Reason == RejectReason.UnknownSession)
                WinHedge(rejected.Detail, isGone: true);
        }

        private void HandleRejected(Rejected rejected, bool isFromWorker)
        {
            if (isFromWorker && rejected.Reason == RejectReason.UnknownSession)
                Reopen(rejected.Detail);
            else if (isFromWorker && rejected.Reason == RejectReason.Leaving)
                FailOver(rejected.Detail, isGone: true);
            else if (rejected.HasRetryAfterMs)
                WaitAsTold(TimeSpan.FromMilliseconds(Math.Max(1, rejected.RetryAfterMs)), rejected.Detail);
            else if (isFromWorker && rejected.Reason == RejectReason.BadRequest && State.ShippedEnd > 0)
                RebuildInstead(rejected.Detail);
            else if (isFromWorker && rejected.Reason == RejectReason.BadFrame)
                SendAgain(rejected.Detail);
            else
                End(rejected.Reason is RejectReason.Deadline or RejectReason.NoPlan ? EndReason.Refused : EndReason.Failed, rejected.Detail);
        }

        /// <summary>Another scheduler has taken over: it is told where the session is, once for each report that it may be answering, so that it can leave it there.</summary>
        private void Introduce(ulong session)
        {
            if (!IsMine(session) || State.Phase <= EdgePhase.Planning || !State.MayIntroduce || Current() is null)
                return;
            State = State with { MayIntroduce = false };
            Send(Options.Scheduler, new PlanRequest(PlanRequest()) { LostWorker = "" });
        }

        /// <summary>A frame was damaged on its way: sends it again, unless that has not helped.</summary>
        private void SendAgain(string detail)
        {
            _restartTimer = true;
            State = State with { Attempts = State.Attempts + 1 };
            if (State.Attempts >= AttemptsMax)
                FailOver(detail, isGone: false);
            else if (!State.IsWaiting)
                State = State with { SentCount = State.AckedCount };
        }

        /// <summary>The other side is there but cannot serve now: asks again after the delay that it wants, unless this goes on for too long.</summary>
        private void WaitAsTold(TimeSpan delay, string detail)
        {
            if (State.IsWaiting)
                return;
            var since = State.RefusedSince ?? now;
            if (now + delay - since > RefusedTimeMax)
            {
                FallBackOrFail($"{detail} The session waited {(now - since).TotalSeconds:0.#} s of at most {RefusedTimeMax.TotalSeconds:0.#} s.");
                return;
            }

            State = State with { RefusedSince = since, Attempts = 0 };
            Wait(delay);
        }

        private void Wait(TimeSpan delay)
        {
            State = State with { IsWaiting = true };
            _effects.Add(new EdgeEffect.StartTimer(delay));
            _hasStartedTimer = true;
        }
    }
}
