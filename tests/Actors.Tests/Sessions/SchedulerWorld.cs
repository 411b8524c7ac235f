using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Drives <see cref="Scheduler.Step"/> for workers of eight layers and devices that split after four.</summary>
internal sealed class SchedulerWorld
{
    private static readonly ByteString Digest = ByteString.CopyFrom(1, 2, 3);

    private readonly Func<SchedulerOptions, SchedulerOptions> _change;
    private ImmutableArray<SchedulerEffect> _effects = [];

    public SchedulerWorld(Func<SchedulerOptions, SchedulerOptions>? change = null)
    {
        _change = change ?? (options => options);
        State = NewState();
    }

    public SchedulerState State { get; private set; }

    public TimeSpan Now { get; set; }

    public IEnumerable<SchedulerEffect.Send> Sends => _effects.OfType<SchedulerEffect.Send>();

    public IEnumerable<IMessage> Sent => _effects.OfType<SchedulerEffect.Send>().Select(send => send.Body);

    /// <summary>The plans of the last step, by the device that they went to.</summary>
    public IEnumerable<(string To, Plan Plan)> Plans =>
        _effects.OfType<SchedulerEffect.Send>().Where(send => send.Body is Plan).Select(send => (send.To, (Plan)send.Body));

    /// <summary>Another one, that knows nothing, takes over.</summary>
    public void TakeOver() => State = NewState();

    public void Greet(params string[] workers)
    {
        foreach (var worker in workers)
            Receive(worker, new Hello { Role = Role.Worker, ProtocolVersion = ProtocolVersion.Current, ModelDigest = Digest, EndLayer = 8, SessionCountMax = 10 });
    }

    public Plan? Place(ulong session, string lostWorker = "", Plan? current = null, uint revision = 0)
    {
        Receive($"edge/{session}", Request(session, lostWorker, current, revision));
        return Sent.OfType<Plan>().SingleOrDefault(plan => plan.SessionId == session);
    }

    /// <param name="revision">0: it knows no plan.</param>
    public static PlanRequest Request(ulong session, string lostWorker = "", Plan? current = null, uint revision = 0)
    {
        var request = new PlanRequest { SessionId = session, LostWorker = lostWorker, Current = current, TokenCountMax = 100, ModelDigest = Digest };
        if (revision > 0)
            request.Revision = revision;
        return request;
    }

    public void Report(ulong session, uint revision = 0)
    {
        var report = new LinkReport { SessionId = session };
        if (revision > 0)
            report.Revision = revision;
        Receive($"edge/{session}", report);
    }

    public void Status(string worker, bool isLeaving = false, uint sessionCount = 1) => Receive(worker, new WorkerStatus { Leaving = isLeaving, SessionCount = sessionCount });

    public void Receive(string from, IMessage body) => Step(new Received(from, body));

    public void Step(object message) => (State, _effects) = Scheduler.Step(State, message, Now);

    public string? WorkerOf(ulong session) => State.Sessions.GetValueOrDefault(SessionKey.Of($"edge/{session}", session))?.Worker;

    private SchedulerState NewState() => new(_change(new SchedulerOptions
    {
        Address = "scheduler",
        ModelDigest = Digest,
        LayerCount = 8,
        ContextLength = 1024,
        Plan = new FixedPlan(ExecutionMode.Split, 4, CompressionOptions.Default),
    }));
}
