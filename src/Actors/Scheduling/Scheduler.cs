using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Peers;

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
            switch (message)
            {
                case Received { Body: Hello hello } received: Greet(received.From, hello); break;
                case Received { Body: PlanRequest request } received: Place(received.From, request); break;
                case Received { Body: WorkerStatus status } received: KeepStatus(received.From, status); break;
                case Received { Body: LinkReport report } received: KeepLink(received.From, report); break;
                case Received { Body: CloseSession close } received: Close(received.From, new SessionId(close.SessionId)); break;
                case MoveSession move: Move(move); break;
                case PeerLost lost: Forget(lost.Address); break;
            }
        }

        private void Greet(string from, Hello hello)
        {
            if (Compatibility.Check(from, hello.ProtocolVersion, hello.ModelDigest, "the scheduler", Options.ModelDigest) is { } mismatch)
                Reject(from, session: 0, mismatch.Reason, mismatch.Detail);
            else if (Compatibility.CheckCalibration("The plan", NeededCalibration, from, hello.CalibrationId) is { } otherCalibration)
                Reject(from, session: 0, otherCalibration.Reason, otherCalibration.Detail);
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
                Reject(from, session: 0, RejectReason.LayerRange, $"{from} holds layers {(long)hello.FirstLayer + 1}–{hello.EndLayer}; a worker holds the last ones of {Options.LayerCount}.");
                return false;
            }

            if (State.Workers.Count >= Options.WorkerCountMax && !State.Workers.ContainsKey(from))
            {
                Reject(from, session: 0, RejectReason.SessionLimit, $"The scheduler has {State.Workers.Count} of {Options.WorkerCountMax} workers.");
                return false;
            }

            var sessionCountMax = (int)Math.Min(hello.SessionCountMax, int.MaxValue);
            var worker = new RegisteredWorker(new((int)hello.FirstLayer, (int)hello.EndLayer), sessionCountMax, Status: null, now)
            {
                Speed = WorkerSpeed.Of(hello.Profile),
                KvBytesMax = hello.Profile is { KvBytesMax: > 0 } kv ? (long)Math.Min(kv.KvBytesMax, long.MaxValue) : long.MaxValue,
                KvBytesPerLayer = (long)Math.Min(hello.Profile?.KvBytesPerLayer ?? 0, int.MaxValue),
            };
            State = State with { Workers = State.Workers.SetItem(from, worker) };
            _effects.Add(new SchedulerEffect.Watch(from));
            return true;
        }

        /// <summary>A worker that this scheduler does not know greeted an earlier one, or counted as lost while it was only cut off.</summary>
        private void KeepStatus(string from, WorkerStatus status)
        {
            if (!State.Workers.TryGetValue(from, out var worker))
            {
                Reject(from, session: 0, RejectReason.UnknownWorker, $"The scheduler does not know {from}; say hello again.");
                return;
            }

            var heard = worker with { Status = status, SeenAt = now, Speed = worker.Speed.After(worker.Status, status) };
            State = State with { Workers = State.Workers.SetItem(from, heard) };
            RenewPromises(from);
            if (status.Leaving)
                SendAway(from, status);
            PlanAnew(from);
            PlanAnew(worker: ""); // those that no worker has might go to this one
        }

        private void KeepLink(string edge, LinkReport report)
        {
            var id = new SessionId(report.SessionId);
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

            var isOutdated = report.Revision > 0 && report.Revision < session.Revision; // the plan was lost, or crossed the report: it is about the leg before
            var request = isOutdated ? session.Request : session.Request?.After(report);
            var needs = isOutdated ? session.Needs : session.Needs?.After(report, PredictedDeviceUs(session));
            State = State.With(id, session with { HeardAt = now, KnownRevision = report.Revision, Link = report, Request = request, Needs = needs });
            if (isOutdated)
                Send(edge, PlanFor(id));
            if (request is not null)
                RenewPromise(id, LoadOn(session.Worker));
            if (!isOutdated)
                PlanAnew(id);
        }

        private void Close(string edge, SessionId id)
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

        private void Drop(SessionId id)
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

        private void Reject(string to, ulong session, RejectReason reason, string detail, TimeSpan retryAfter = default) => Send(to, new Rejected
        {
            SessionId = session,
            Reason = reason,
            Detail = detail,
            RetryAfterMs = (uint)retryAfter.TotalMilliseconds,
        });

        private void RejectOfAnother(string edge, SessionId id) => Reject(edge, id.Value, RejectReason.BadRequest, $"Session {id} belongs to another device.");

        private void Send(string to, IMessage body) => _effects.Add(new SchedulerEffect.Send(to, body));
    }
}
