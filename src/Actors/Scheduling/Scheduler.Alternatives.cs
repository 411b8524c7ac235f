using System.Collections.Immutable;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>Where sessions could go on without asking, should their workers be lost or silent.</summary>
public static partial class Scheduler
{
    private sealed partial class Turn
    {
        private const int AlternativesMax = 3;
        private const int KeptShare = 4;

        /// <summary>Those that are quickest with the session. Only such as compute the same bits as its own.</summary>
        private ImmutableArray<Alternative> AlternativesFor(SessionKey id, PlacedSession session)
        {
            if (!State.Workers.TryGetValue(session.Worker, out var own))
                return [];
            var takers = new List<(double PredictedUs, int Count, Alternative Alternative)>();
            foreach (var (address, worker) in State.Workers)
            {
                if (address == session.Worker || !IsAlternative(id, session, address, worker, own))
                    continue;
                var predictedUs = PredictedUs(worker, LoadWith(address, id, session));
                takers.Add((predictedUs, Others(address, but: id).Count, AlternativeOf(id, address, worker)));
            }

            if (takers.Count == 0)
                return [];
            var ranked = takers.OrderBy(taker => taker.PredictedUs).ThenBy(taker => taker.Count);
            return [.. ranked.Take(AlternativesMax).Select(taker => taker.Alternative)];
        }

        private bool IsAlternative(SessionKey id, PlacedSession session, string address, RegisteredWorker worker, RegisteredWorker own) =>
            worker.NumericsId == own.NumericsId && IsLive(worker) && !worker.IsLeaving && !worker.IsSuspect
            && IsServing(worker, State.PlanOf(session)) && HasRoom(address, worker, id, session) && KeepsPromises(id, address, LoadWith(address, id, session));

        /// <summary>
        /// A worker that has more waiting than goes into a batch has nothing to spare: a replay would only make others wait. The last
        /// quarter of its places, or of the rows of a batch if these
        /// are fewer, is for sessions that have nowhere else to go.
        /// </summary>
        private Alternative AlternativeOf(SessionKey id, string address, RegisteredWorker worker)
        {
            var places = Math.Min(worker.SessionCountMax, worker.Speed.BatchRowsMax);
            var spare = places - (places / KeptShare) - Others(address, but: id).Count - 1;
            var isBusy = spare <= 0 || worker.QueuedRows > worker.Speed.BatchRowsMax;
            return new Alternative { Worker = address, SpareSessionCount = isBusy ? 0 : (uint)spare };
        }

        /// <summary>
        /// Tells a device when one of its alternatives is none any more, has nothing to spare or has again, or when there are more than
        /// it knows; not each time that another one is the best.
        /// </summary>
        private void RenewAlternatives(SessionKey id)
        {
            if (State.Sessions.GetValueOrDefault(id) is not { Worker.Length: > 0 } session)
                return;
            var best = AlternativesFor(id, session);
            if (best.Length == session.Alternatives.Length && session.Alternatives.All(told => IsAsTold(id, session, told)))
                return;
            State = State.With(id, session with { Alternatives = best });
            Send(session.Edge, new AlternativesChanged { SessionId = id.Session.Value, Worker = session.Worker, Alternatives = { best } });
        }

        private bool IsAsTold(SessionKey id, PlacedSession session, Alternative told) =>
            State.Workers.TryGetValue(told.Worker, out var worker) && State.Workers.TryGetValue(session.Worker, out var own)
            && IsAlternative(id, session, told.Worker, worker, own)
            && AlternativeOf(id, told.Worker, worker).SpareSessionCount > 0 == told.SpareSessionCount > 0;
    }
}
