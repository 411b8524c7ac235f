using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>Plans that no device asked for.</summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        private void Move(MoveSession move)
        {
            if (!State.Sessions.TryGetValue(move.Session, out var session))
                return;
            var moved = session with { Plan = move.Plan, Reason = move.Reason };
            var (worker, refusal) = move.Plan.Mode == ExecutionMode.Device ? ("", null) : Choose(moved, lostWorker: "", session.Worker, isNew: false);
            if (refusal is not null)
                return;
            Place(move.Session, moved with { Worker = worker });
            RenewPromises(session.Worker);
        }

        private FixedPlan PlanOf(PlacedSession session) => session.Plan ?? Options.Plan;

        private Plan PlanFor(SessionId id)
        {
            var session = State.Sessions[id];
            var plan = PlanOf(session);
            return new Plan
            {
                SessionId = id.Value,
                Mode = plan.Mode,
                SplitLayer = (uint)plan.SplitLayer,
                Worker = session.Worker,
                Compression = plan.Compression.ToMessage(),
                Deadline = session.Promise,
                Revision = session.Revision,
                Reason = session.Reason,
            };
        }
    }
}
