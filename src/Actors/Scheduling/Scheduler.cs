using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a step wants done.</summary>
public abstract record SchedulerEffect
{
    public sealed record Send(string To, IMessage Body) : SchedulerEffect;

    public sealed record WatchWorker(string Address) : SchedulerEffect;
}

/// <summary>
/// The scheduler as a pure function: checks who says hello, keeps what workers and devices report, and answers each request for a plan
/// with the fixed plan of its options on the live worker that has the fewest sessions.
/// </summary>
public static class Scheduler
{
    public static (SchedulerState State, ImmutableArray<SchedulerEffect> Effects) Step(SchedulerState state, object message, TimeSpan now)
    {
        var turn = new Turn(state, now);
        turn.Handle(message);
        return (turn.State, turn.Effects);
    }

    /// <summary>One step in progress: the state so far and the effects collected.</summary>
    private sealed class Turn(SchedulerState before, TimeSpan now)
    {
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
                case Received { Body: LinkReport report }: KeepLink(report); break;
                case Received { Body: CloseSession close }: Forget(new SessionId(close.SessionId)); break;
                case PeerLost lost: State = State with { Workers = State.Workers.Remove(lost.Address) }; break;
            }
        }

        private void Greet(string from, Hello hello)
        {
            if (hello.ProtocolVersion != ProtocolVersion.Current)
            {
                Reject(from, RejectReason.ProtocolVersion, $"{from} speaks protocol version {hello.ProtocolVersion}, the scheduler {ProtocolVersion.Current}; update the older one.");
                return;
            }

            if (!hello.ModelDigest.Equals(Options.ModelDigest))
            {
                Reject(from, RejectReason.ModelDigest, $"{from} has model digest {Digests.Short(hello.ModelDigest)}, the scheduler {Digests.Short(Options.ModelDigest)}; use the same checkpoint.");
                return;
            }

            if (hello.Role == Role.Worker)
            {
                var worker = new RegisteredWorker(new((int)hello.FirstLayer, (int)hello.EndLayer), (int)hello.SessionCountMax, Status: null, now);
                State = State with { Workers = State.Workers.SetItem(from, worker) };
                _effects.Add(new SchedulerEffect.WatchWorker(from));
            }

            Send(from, new Welcome());
        }

        private void Place(string edge, PlanRequest request)
        {
            var id = new SessionId(request.SessionId);
            Forget(id);
            var worker = "";
            if (Options.Plan.Mode != ExecutionMode.Device)
            {
                var candidate = Choose(request.LostWorker);
                if (candidate is null)
                {
                    RejectForLackOfWorkers(edge, request);
                    return;
                }

                worker = candidate;
            }

            State = State with { Sessions = State.Sessions.SetItem(id, new PlacedSession(edge, worker, Link: null)) };
            Send(edge, new Plan
            {
                SessionId = request.SessionId,
                Mode = Options.Plan.Mode,
                SplitLayer = (uint)Options.Plan.SplitLayer,
                Worker = worker,
                Compression = Options.Plan.Compression.ToMessage(),
            });
        }

        /// <summary>The least loaded worker with the planned layers; the one a device just lost only if there is no other.</summary>
        private string? Choose(string lostWorker)
        {
            var sessionCounts = State.Sessions.Values.CountBy(session => session.Worker, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
            return State.Workers
                .Where(worker => worker.Value.Layers == new Inference.Models.LayerRange(Options.Plan.SplitLayer, Options.LayerCount))
                .Where(worker => now - worker.Value.SeenAt <= Options.WorkerSilenceMax)
                .Where(worker => sessionCounts.GetValueOrDefault(worker.Key) < worker.Value.SessionCountMax)
                .OrderBy(worker => worker.Key == lostWorker)
                .ThenBy(worker => sessionCounts.GetValueOrDefault(worker.Key))
                .Select(worker => worker.Key)
                .FirstOrDefault();
        }

        private void RejectForLackOfWorkers(string edge, PlanRequest request) => Send(edge, new Rejected
        {
            SessionId = request.SessionId,
            Reason = RejectReason.NoWorker,
            Detail = $"No worker with layers {Options.Plan.SplitLayer + 1}–{Options.LayerCount} is free; {State.Workers.Count} said hello. Start one, or try later.",
            RetryAfterMs = (uint)Options.RetryAfter.TotalMilliseconds,
        });

        private void KeepStatus(string from, WorkerStatus status)
        {
            if (State.Workers.TryGetValue(from, out var worker))
                State = State with { Workers = State.Workers.SetItem(from, worker with { Status = status, SeenAt = now }) };
        }

        private void KeepLink(LinkReport report)
        {
            var id = new SessionId(report.SessionId);
            if (State.Sessions.TryGetValue(id, out var session))
                State = State with { Sessions = State.Sessions.SetItem(id, session with { Link = report }) };
        }

        private void Forget(SessionId id) => State = State with { Sessions = State.Sessions.Remove(id) };

        private void Reject(string to, RejectReason reason, string detail) => Send(to, new Rejected { Reason = reason, Detail = detail });

        private void Send(string to, IMessage body) => _effects.Add(new SchedulerEffect.Send(to, body));
    }
}
