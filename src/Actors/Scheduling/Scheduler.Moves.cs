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

        /// <summary>
        /// Sends the sessions of a leaving worker elsewhere. Those that nobody can take stay until its next status. As long as it has sessions, those that were sent away and
        /// are not known to know it are told again.
        /// </summary>
        private void SendAway(string worker, WorkerStatus status)
        {
            var earlier = status.SessionCount == 0 ? [] : State.Workers[worker].SentAway.Where(id => MayStillBeOn(worker, id)).ToList();
            foreach (var id in earlier)
                Send(State.Sessions[id].Edge, PlanFor(id));
            var sentNow = State.SessionsOn(worker).All.Where(id => TrySendAway(worker, id)).ToList();
            State = State with { Workers = State.Workers.SetItem(worker, State.Workers[worker] with { SentAway = [.. earlier, .. sentNow] }) };
            RenewPromises(worker);
        }

        private bool MayStillBeOn(string worker, SessionKey id) =>
            State.Sessions.TryGetValue(id, out var session) && session.Worker != worker && session.KnownRevision < session.Revision;

        private bool TrySendAway(string worker, SessionKey id)
        {
            var session = State.Sessions[id];
            var (found, refusal) = Stay(id, session, lostWorker: "", placedWorker: null, isNew: false);
            if (refusal is not null && session.Needs is not null)
                (found, refusal) = PlanNew(id, session with { Plan = null }, lostWorker: "");
            if (refusal is null)
                Place(id, found with { Reason = $"{worker} is leaving" });
            return refusal is null;
        }

        private Plan PlanFor(SessionKey id)
        {
            var session = State.Sessions[id];
            var plan = State.PlanOf(session);
            var message = new Plan
            {
                SessionId = id.Session.Value,
                Mode = plan.Mode,
                SplitLayer = (uint)plan.SplitLayer,
                Worker = session.Worker,
                Compression = plan.Compression.ToMessage(),
                Deadline = session.Promise,
                Revision = session.Revision,
                Reason = session.Reason,
                Front = plan.Front is var (weights, kv) ? new FrontFormat { WeightBits = (uint)weights.Bits, GroupSize = (uint)weights.GroupSize, KvBits = (uint)kv } : null,
                Expected = session.Expected?.ToMessage(),
            };
            message.Alternatives.Add(session.Alternatives);
            if (Options.HedgePause is { } pause)
                message.HedgePauseMs = (uint)pause.TotalMilliseconds;
            if (session.Needs?.Rate is { } rate)
                message.Rate = rate;
            if (session.IsShortened)
                message.TokenCountMax = (uint)session.TokenCountMax;
            return message;
        }
    }
}
