using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>What workers have to do, by the sessions that were sent to them.</summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        private IEnumerable<PlacedSession> SessionsOn(string worker, SessionId? but = null) =>
            State.Sessions.Where(session => session.Value.Worker == worker && session.Key != but).Select(session => session.Value);

        private WorkerLoad LoadOn(string worker) => LoadOf(SessionsOn(worker));

        /// <summary>With a session that is to come, or is there already.</summary>
        private WorkerLoad LoadWith(string worker, SessionId id, PlacedSession session) => LoadOf(SessionsOn(worker, but: id).Append(session));

        private WorkerLoad LoadOf(IEnumerable<PlacedSession> sessions)
        {
            var load = default(WorkerLoad);
            foreach (var session in sessions)
            {
                load = new WorkerLoad(
                    load.SessionCount + 1, Math.Max(load.LayerCount, BackLayersOf(PlanOf(session))), Math.Max(load.ContextLength, session.TokenCountMax));
            }

            return load with { SessionCount = Math.Max(1, load.SessionCount) };
        }

        private int BackLayersOf(FixedPlan plan) => Options.LayerCount - plan.SplitLayer;

        /// <summary>Whether a worker has room for one more session, and for all of its tokens.</summary>
        private bool HasRoom(string address, RegisteredWorker worker, SessionId id, PlacedSession session)
        {
            var others = SessionsOn(address, but: id).ToList();
            return others.Count < worker.SessionCountMax && worker.Fits(others.Sum(LayerTokensOf), LayerTokensOf(session));
        }

        private long LayerTokensOf(PlacedSession session) => session.TokenCountMax * BackLayersOf(PlanOf(session));
    }
}
