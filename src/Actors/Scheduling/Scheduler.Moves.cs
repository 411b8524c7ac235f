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
            var worker = move.Plan.Mode == ExecutionMode.Device ? "" : Choose(move.Plan, lostWorker: "", session.Worker);
            if (worker is null)
                return;
            var moved = session with { Worker = worker, Plan = move.Plan, Revision = session.Revision + 1, Reason = move.Reason };
            State = State with { Sessions = State.Sessions.SetItem(move.Session, moved) };
            Send(moved.Edge, PlanFor(move.Session, moved));
        }

        private Plan PlanFor(SessionId id, PlacedSession session)
        {
            var plan = session.Plan ?? Options.Plan;
            return new Plan
            {
                SessionId = id.Value,
                Mode = plan.Mode,
                SplitLayer = (uint)plan.SplitLayer,
                Worker = session.Worker,
                Compression = plan.Compression.ToMessage(),
                Revision = session.Revision,
                Reason = session.Reason,
            };
        }
    }
}
