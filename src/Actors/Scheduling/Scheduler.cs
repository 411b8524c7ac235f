using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport;

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
/// with the fixed plan of its options on the live worker that has the fewest sessions.
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
        /// <summary>Most kinds of workers that an answer to a person lists.</summary>
        private const int DescribedRangesMax = 8;

        private readonly ImmutableArray<SchedulerEffect>.Builder _effects = ImmutableArray.CreateBuilder<SchedulerEffect>();

        public SchedulerState State { get; private set; } = before;

        public ImmutableArray<SchedulerEffect> Effects => _effects.DrainToImmutable();

        private SchedulerOptions Options => State.Options;

        public void Handle(object message)
        {
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

        private ulong NeededCalibration => Options.Plan.Mode == ExecutionMode.Split ? Options.Plan.Compression.CalibrationId : 0;

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
            var worker = new RegisteredWorker(new((int)hello.FirstLayer, (int)hello.EndLayer), sessionCountMax, Status: null, now);
            State = State with { Workers = State.Workers.SetItem(from, worker) };
            _effects.Add(new SchedulerEffect.Watch(from));
            return true;
        }

        private void Place(string edge, PlanRequest request)
        {
            var id = new SessionId(request.SessionId);
            var placed = State.Sessions.GetValueOrDefault(id);
            if (placed is not null && placed.Edge != edge)
            {
                Reject(edge, request.SessionId, RejectReason.BadRequest, $"Session {id} belongs to another device.");
                return;
            }

            if (placed is null && State.Sessions.Count >= Options.SessionCountMax)
            {
                Reject(edge, request.SessionId, RejectReason.SessionLimit, $"The scheduler has {State.Sessions.Count} of {Options.SessionCountMax} sessions.", Options.RetryAfter);
                return;
            }

            State = State with { Sessions = State.Sessions.Remove(id) };
            Suspect(request.LostWorker);
            var worker = "";
            var plan = placed?.Plan ?? Options.Plan;
            if (plan.Mode != ExecutionMode.Device)
            {
                var candidate = Choose(plan, request.LostWorker, placed?.Worker);
                if (candidate is null)
                {
                    Reject(edge, request.SessionId, RejectReason.NoWorker, LackOfWorkers(plan), Options.RetryAfter);
                    return;
                }

                worker = candidate;
            }

            var session = new PlacedSession(edge, worker, Link: null) { Plan = placed?.Plan, Revision = Math.Max(placed?.Revision ?? 0, request.Revision) + 1 };
            State = State with { Sessions = State.Sessions.SetItem(id, session) };
            _effects.Add(new SchedulerEffect.Watch(edge));
            Send(edge, PlanFor(id, session));
        }

        /// <summary>A worker that died has no sessions, and would look like the best one until its silence is noticed.</summary>
        private void Suspect(string address)
        {
            if (State.Workers.TryGetValue(address, out var worker))
                State = State with { Workers = State.Workers.SetItem(address, worker with { LostAt = now }) };
        }

        /// <summary>
        /// The least loaded worker with the planned layers; one that a device lost only if there is no other. A repeated request gets the
        /// worker of the first, on whose answer the device may have acted already.
        /// </summary>
        private string? Choose(FixedPlan plan, string lostWorker, string? placedWorker)
        {
            var sessionCounts = State.Sessions.Values.CountBy(session => session.Worker, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
            return State.Workers
                .Where(worker => worker.Value.Layers == new Inference.Models.LayerRange(plan.SplitLayer, Options.LayerCount))
                .Where(worker => now - worker.Value.SeenAt <= Options.WorkerSilenceMax)
                .Where(worker => sessionCounts.GetValueOrDefault(worker.Key) < worker.Value.SessionCountMax)
                .OrderBy(worker => worker.Key == lostWorker)
                .ThenBy(worker => worker.Value.IsSuspect)
                .ThenBy(worker => worker.Key != placedWorker)
                .ThenBy(worker => sessionCounts.GetValueOrDefault(worker.Key))
                .Select(worker => worker.Key)
                .FirstOrDefault();
        }

        private string LackOfWorkers(FixedPlan plan)
        {
            var held = State.Workers.Values.CountBy(worker => worker.Layers).Select(layers => $"{layers.Value} with {layers.Key}").Take(DescribedRangesMax);
            var known = State.Workers.IsEmpty ? "none" : string.Join(", ", held);
            return $"No worker with layers {plan.SplitLayer + 1}–{Options.LayerCount} is free; said hello: {known}. Start one, or try later.";
        }

        /// <summary>A worker that this scheduler does not know greeted an earlier one, or counted as lost while it was only cut off.</summary>
        private void KeepStatus(string from, WorkerStatus status)
        {
            if (State.Workers.TryGetValue(from, out var worker))
                State = State with { Workers = State.Workers.SetItem(from, worker with { Status = status, SeenAt = now }) };
            else
                Reject(from, session: 0, RejectReason.UnknownWorker, $"The scheduler does not know {from}; say hello again.");
        }

        private void KeepLink(string edge, LinkReport report)
        {
            var id = new SessionId(report.SessionId);
            if (!State.Sessions.TryGetValue(id, out var session) || session.Edge != edge)
                return;
            State = State with { Sessions = State.Sessions.SetItem(id, session with { Link = report }) };
            if (report.Revision < session.Revision)
                Send(edge, PlanFor(id, session));
        }

        private void Close(string edge, SessionId id)
        {
            if (State.Sessions.TryGetValue(id, out var session) && session.Edge == edge)
                State = State with { Sessions = State.Sessions.Remove(id) };
        }

        /// <summary>A worker's sessions stay: their devices ask for another. A device's sessions end with it.</summary>
        private void Forget(string address) => State = State with
        {
            Workers = State.Workers.Remove(address),
            Sessions = State.Sessions.RemoveRange(State.Sessions.Where(session => session.Value.Edge == address).Select(session => session.Key)),
        };

        private void Reject(string to, ulong session, RejectReason reason, string detail, TimeSpan retryAfter = default) => Send(to, new Rejected
        {
            SessionId = session,
            Reason = reason,
            Detail = detail,
            RetryAfterMs = (uint)retryAfter.TotalMilliseconds,
        });

        private void Send(string to, IMessage body) => _effects.Add(new SchedulerEffect.Send(to, body));
    }
}
