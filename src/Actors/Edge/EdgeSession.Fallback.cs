using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>How a device that has all layers goes on alone, and comes back.</summary>
public static partial class EdgeSession
{
    private sealed partial class Turn
    {
        /// <summary>Sends of an unanswered message after which its receiver counts as lost, for a device that can go on alone.</summary>
        private const int FallbackAttempts = 2;

        private TimeSpan AnswerTimeout =>
            Options.FallsBack && Options.FallbackAfter / FallbackAttempts < Options.AnswerTimeout ? Options.FallbackAfter / FallbackAttempts : Options.AnswerTimeout;

        private int AttemptsMax
        {
            get
            {
                var most = State.Phase is EdgePhase.Joining or EdgePhase.Planning ? Options.SchedulerAttemptsMax : Options.AttemptsMax;
                return Options.FallsBack ? Math.Min(FallbackAttempts, most) : most;
            }
        }

        private TimeSpan RefusedTimeMax =>
            Options.FallsBack && Options.FallbackAfter < Options.RefusedTimeMax ? Options.FallbackAfter : Options.RefusedTimeMax;

        /// <summary>Neither worker nor scheduler can serve: the device goes on alone if it can.</summary>
        private void FallBackOrFail(string reason)
        {
            if (!Options.FallsBack)
            {
                End(EndReason.Failed, reason);
                return;
            }

            var plan = new Plan { SessionId = State.Session.Value, Mode = ExecutionMode.Device, SplitLayer = (uint)Options.LayerCount };
            State = State with { Phase = EdgePhase.Preparing, IsWaiting = false, Attempts = 0, RefusedSince = null, FailoverCount = 0, OwnChoiceCount = 0 };
            Probe();
            if (State.Plan is null)
                PrepareFirst(plan, isFallback: true);
            else
                Relocate(new Relocation(plan, reason.TrimEnd('.')) { IsFallback = true });
        }

        private void Probe()
        {
            var doublings = Math.Min(State.ProbeCount, 30);
            var pause = Options.ProbePause * (1L << doublings);
            _effects.Add(new EdgeEffect.StartProbe(pause < Options.ProbePauseMax ? pause : Options.ProbePauseMax));
            State = State with { ProbeCount = State.ProbeCount + 1 };
        }

        /// <summary>Asks for a plan as long as none has come.</summary>
        private void AskWhetherBack()
        {
            var isFallingBack = State.Relocation is { } wish && (wish.Later ?? wish).IsFallback;
            if (State.Relocation is null ? !State.IsAlone : !isFallingBack)
                return;
            Send(Options.Scheduler, PlanRequest());
            Probe();
        }
    }
}
