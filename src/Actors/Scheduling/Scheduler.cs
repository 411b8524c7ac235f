using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a step wants done.</summary>
public abstract record SchedulerEffect
{
    public sealed record Send(string To, IMessage Body) : SchedulerEffect;

    /// <summary>Ask to be told when a worker or a device is gone.</summary>
    public sealed record Watch(string Address) : SchedulerEffect;
}

/// <summary>
/// The scheduler as a pure function: checks who says hello, keeps what workers and devices report, and answers each request for a plan
/// with one that is made for this device, or with the fixed one of its options on the least loaded live worker. Who asks for a deadline is told
/// what load and link allow: that deadline, a longer one, or none.
/// </summary>
public static partial class Scheduler
{
    public static (SchedulerState State, ImmutableArray<SchedulerEffect> Effects) Step(SchedulerState state, object message, TimeSpan now)
    {
        var turn = new Turn(state, now);
        turn.Handle(message);
        return (turn.State, turn.Effects);
    }

    /// <summary>One step in progress: the state so far and the effects collected.</summary>
    private sealed partial class Turn(SchedulerState before, TimeSpan now)
    {
        private readonly ImmutableArray<SchedulerEffect>.Builder _effects = ImmutableArray.CreateBuilder<SchedulerEffect>();

        public SchedulerState State { get; private set; } = before;

        public ImmutableArray<SchedulerEffect> Effects => _effects.DrainToImmutable();

        private SchedulerOptions Options => State.Options;

        public void Handle(object message)
        {
            ExpireSessions();
            if (message is Received claim && Peer.Of(claim.From).FindFault(claim.Body) is { } fault)
            {
                Reject(claim.From, session: null, fault.Reason, fault.Detail);
                return;
            }

            switch (message)
            {
                case Received { Body: Hello hello } received: Greet(received.From, hello); break;
                case Received { Body: PlanRequest request } received: Place(received.From, request); break;
                case Received { Body: WorkerStatus status } received: KeepStatus(received.From, status); break;
                case Received { Body: LinkReport report } received: KeepLink(received.From, report); break;
                case Received { Body: CloseSession close } received: Close(received.From, SessionKey.Of(received.From, close.SessionId)); break;
                case MoveSession move: Move(move); break;
                case PeerLost lost: Forget(lost.Address); break;
            }
        }

        private void Greet(string from, Hello hello)
        {
            if (Compatibility.Check(from, hello.ProtocolVersion, hello.ModelDigest, "the scheduler", Options.ModelDigest) is { } mismatch)
                Reject(from, session: null, mismatch.Reason, mismatch.Detail);
            else if (Compatibility.CheckCalibration("The plan", NeededCalibration, from, hello.CalibrationId) is { } otherCalibration)
                Reject(from, session: null, otherCalibration.Reason, otherCalibration.Detail);
            else if (hello.Role != Role.Worker || Admit(from, hello))
                Send(from, new Welcome());
        }

        private ulong NeededCalibration => Options.Plan switch
        {
            null => Options.Planner!.CalibrationId,
            { Mode: ExecutionMode.Split or ExecutionMode.Handoff } plan => plan.Compression.CalibrationId,
            _ => 0,
        };

        private bool Admit(string from, Hello hello)
        {
            if (hello.FirstLayer > hello.EndLayer || hello.EndLayer != Options.LayerCount)
            {
                Reject(from, session: null, RejectReason.LayerRange, $"{from} holds layers {(long)hello.FirstLayer + 1}–{hello.EndLayer}; a worker holds the last ones of {Options.LayerCount}.");
                return false;
            }

            if (!State.Workers.ContainsKey(from) && !MakePlace())
            {
                var detail = $"The scheduler has {State.Workers.Count} of {Options.WorkerCountMax} workers.";
                Reject(from, session: null, RejectReason.SessionLimit, detail, Options.RetryAfter);
                return false;
            }

            State = State with { Workers = State.Workers.SetItem(from, RegisteredWorker.Of(hello, now)) };
            DropBeyondLimits(from);
            _effects.Add(new SchedulerEffect.Watch(from));
            return true;
        }

        /// <summary>A worker that this scheduler does not know greeted an earlier one, or counted as lost while it was only cut off.</summary>
        private void KeepStatus(string from, WorkerStatus status)
        {
            if (!State.Workers.TryGetValue(from, out var worker))
            {
                Reject(from, session: null, RejectReason.UnknownWorker, $"The scheduler does not know {from}; say hello again.");
                return;
            }

            var heard = worker with { Status = status, SeenAt = now, Speed = worker.Speed.After(worker.Status, status) };
            State = State with { Workers = State.Workers.SetItem(from, heard) };
            RenewPromises(from);
            if (status.Leaving)
                SendAway(from, status);
            PlanAnew(from);
            if (OffersMore(from))
                PlanAnew(worker: ""); // those that no worker has might go to this one
        }

        private void KeepLink(string edge, LinkReport report)
        {
            var id = SessionKey.Of(edge, report.SessionId);
            if (!State.Sessions.TryGetValue(id, out var session))
            {
                Reject(edge, report.SessionId, RejectReason.UnknownSession, $"The scheduler does not know session {id}; say where it runs.");
                return;
            }

            if (session.Edge != edge)
            {
                RejectOfAnother(edge, id);
                return;
            }

            if (report.Revision > session.Revision)
            {
                Reject(edge, report.SessionId, RejectReason.UnknownSession, $"The scheduler knows session {id} by an older plan; say where it runs.");
                return;
            }

            var isOutdated = report.HasRevision && report.Revision < session.Revision; // the plan was lost, or crossed the report: it is about the leg before
            var request = isOutdated ? session.Request : session.Request?.After(report);
            var needs = isOutdated ? session.Needs : session.Needs?.After(report, PredictedDeviceUs(session));
            State = State.With(id, session with { HeardAt = now, KnownRevision = report.Revision, Request = request, Needs = needs });
            if (isOutdated)
                Send(edge, PlanFor(id));
            if (request is not null)
                RenewPromise(id, LoadOn(session.Worker));
            if (isOutdated)
                return;
            PlanAnew(id);
            RenewAlternatives(id);
        }

        private void Close(string edge, SessionKey id)
        {
            if (!State.Sessions.TryGetValue(id, out var session))
                return;
            if (session.Edge == edge)
                Drop(id);
            else
                RejectOfAnother(edge, id);
        }

        /// <summary>Looks at all sessions, but rarely.</summary>
        private void ExpireSessions()
        {
            if (now - State.ExpiredAt < Options.SessionSilenceMax / 4)
                return;
            State = State with { ExpiredAt = now };
            foreach (var id in State.Sessions.Where(session => now - session.Value.HeardAt > Options.SessionSilenceMax).Select(session => session.Key).ToList())
                Drop(id);
        }

        private void Drop(SessionKey id)
        {
            var worker = State.Sessions[id].Worker;
            State = State.Without(id);
            RenewPromises(worker);
        }

        /// <summary>A worker's sessions stay: their devices ask for another. A device's sessions end with it.</summary>
        private void Forget(string address)
        {
            State = State with { Workers = State.Workers.Remove(address) };
            foreach (var id in State.SessionsOf(address))
                Drop(id);
        }

        /// <param name="session">Null: it is about the sender itself.</param>
        /// <param name="retryAfter">Null: trying again does not help.</param>
        private void Reject(string to, ulong? session, RejectReason reason, string detail, TimeSpan? retryAfter = null)
        {
            var rejected = new Rejected { Reason = reason, Detail = detail };
            if (session is { } id)
                rejected.SessionId = id;
            if (retryAfter is { } delay)
                rejected.RetryAfterMs = (uint)delay.TotalMilliseconds;
            Send(to, rejected);
        }

        private void RejectOfAnother(string edge, SessionKey id) =>
            Reject(edge, id.Session.Value, RejectReason.BadRequest, $"Session {id} belongs to another process of {id.Device}.");

        private void Send(string to, IMessage body) => _effects.Add(new SchedulerEffect.Send(to, body));
    }
}
