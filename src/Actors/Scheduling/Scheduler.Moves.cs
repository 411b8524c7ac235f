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
            var moved = session with { Plan = move.Plan, Reason = move.Reason, Needs = null, Expected = null };
            var (found, refusal) = Stay(move.Session, moved, lostWorker: "", session.Worker, isNew: false);
            if (refusal is not null)
                return;
            Place(move.Session, found);
            RenewPromises(session.Worker);
        }

        /// <summary>A session that is still to be planned for counts with all layers.</summary>
        private FixedPlan PlanOf(PlacedSession session) => session.Plan ?? Options.Plan ?? Unplanned;

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
                Front = plan.Front is var (weights, kv) ? new FrontFormat { WeightBits = (uint)weights.Bits, GroupSize = (uint)weights.GroupSize, KvBits = (uint)kv } : null,
                Rate = session.Needs?.Rate ?? 0,
                TokenCountMax = session.IsShortened ? (uint)session.TokenCountMax : 0,
                Expected = session.Expected?.ToMessage(),
            };
        }
    }
}
