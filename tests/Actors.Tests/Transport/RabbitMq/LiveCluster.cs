using System.Collections.Concurrent;
using System.Threading.Channels;
using Akka.Actor;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

/// <summary>Scheduler, worker w1 and devices on the embedded model, on the thread pool and the real clock, each with its own way to the others.</summary>
internal sealed class LiveCluster : IAsyncDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("live", ActorSettings.Local);
    private readonly ComputeLanes _lanes = new();
    private readonly Func<string, IPeers> _transportOf;
    private int _sessionCount;

    /// <param name="plan">Of all sessions.</param>
    /// <param name="transportOf">By user.</param>
    public LiveCluster(FixedPlan plan, Func<string, IPeers> transportOf)
    {
        _transportOf = transportOf;
        var config = Quill.Config;
        var scheduler = new SchedulerOptions { Address = "scheduler", ModelDigest = Quill.Digest, LayerCount = config.LayerCount, ContextLength = config.ContextLength, Plan = plan };
        _system.ActorOf(ActorProps.Of(() => new SchedulerActor([scheduler], transportOf("scheduler"), _lanes, Refusals.Enqueue)), "scheduler");

        var segment = Quill.Back(plan.SplitLayer);
        var worker = new WorkerOptions
        {
            Address = "worker/w1",
            Scheduler = "scheduler",
            ModelDigest = Quill.Digest,
            Layers = new(plan.SplitLayer, config.LayerCount),
            ContextLength = config.ContextLength,
            VocabularySize = config.VocabularySize,
            KvLayout = segment.KvLayout(KvFormat.Float16),
            StatusPeriod = TimeSpan.FromMilliseconds(200),
        };
        _system.ActorOf(ActorProps.Of(() => new BackendWorkerActor(worker, transportOf("w1"), NewEngine, _lanes, Refusals.Enqueue)), "worker");

        BackEngine NewEngine() => new(
            segment, worker.BatchRowsMax, new KvPagePools(worker.KvLayout, worker.KvBytesMax), ComputeThreads.Single, TimeProvider.System, calibrated: null);
    }

    /// <summary>What scheduler and worker reported.</summary>
    public ConcurrentQueue<string> Refusals { get; } = [];

    /// <param name="user">The device.</param>
    /// <param name="promptIndex">Of the golden prompts.</param>
    /// <param name="onToken">Called with the number of tokens so far, within the device's turn.</param>
    public LiveSession StartSession(string user, int promptIndex, Action<int>? onToken = null)
    {
        var id = new SessionId((ulong)++_sessionCount);
        var options = new EdgeOptions
        {
            Address = $"edge/{user}/{id.Value}",
            Scheduler = "scheduler",
            ModelDigest = Quill.Digest,
            LayerCount = Quill.Config.LayerCount,
            ContextLength = Quill.Config.ContextLength,
            VocabularySize = Quill.Config.VocabularySize,
            EndTokens = Quill.Config.EosTokenIds,
            AnswerTimeout = TimeSpan.FromMilliseconds(250),
            AttemptsMax = 400,
            SchedulerAttemptsMax = 400, // 100 s: more than a broker takes to start
        };
        var session = new LiveSession(onToken);
        var edge = _system.ActorOf(ActorProps.Of(() => new EdgeSessionActor(new EdgeState(id, options), _transportOf(user), LoadFront, session.Add, _lanes)), $"edge-{id.Value}");
        edge.Tell(new StartSession(Quill.Prompt(promptIndex)));
        return session;

        FrontEngine LoadFront(Plan plan) => new(
            Quill.Front((int)plan.SplitLayer),
            plan.Compression.ToOptions(),
            SamplingOptions.Greedy,
            Quill.Config.ContextLength,
            options.ChunkTokensMax,
            KvFormat.Float16,
            ComputeThreads.Single,
            TimeProvider.System,
            calibrated: null);
    }

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        await _lanes.DrainAsync();
    }
}

/// <summary>What a session published.</summary>
internal sealed class LiveSession(Action<int>? onToken)
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(2);

    private readonly Channel<SessionEvent> _events = Channel.CreateUnbounded<SessionEvent>();
    private int _tokenCount;

    public void Add(SessionEvent sessionEvent)
    {
        _events.Writer.TryWrite(sessionEvent);
        if (sessionEvent is TokenGenerated)
            onToken?.Invoke(++_tokenCount);
        if (sessionEvent is SessionEnded)
            _events.Writer.Complete();
    }

    /// <summary>All events, once it has ended.</summary>
    public async Task<IReadOnlyList<SessionEvent>> EndedAsync()
    {
        using var limit = new CancellationTokenSource(TimeMax);
        var events = new List<SessionEvent>();
        await foreach (var sessionEvent in _events.Reader.ReadAllAsync(limit.Token))
            events.Add(sessionEvent);
        return events;
    }
}
