using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Akka.Actor;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Cluster;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Stepping;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>
/// Scheduler, worker w1 and devices on the embedded model: real actors as members of a cluster on loopback, the cloud and each device in an
/// actor system of its own.
/// </summary>
internal sealed class LiveCluster : IAsyncDisposable
{
    public const string Worker = "worker/w1";

    private readonly ComputeLanes _lanes = new();
    private readonly ActorSystem _cloud;
    private readonly Dictionary<string, (ActorSystem System, ClusterNames Names)> _devices = new(StringComparer.Ordinal);
    private int _sessionCount;

    /// <param name="plan">Of all sessions.</param>
    /// <param name="devices">Their names.</param>
    public LiveCluster(FixedPlan plan, params string[] devices)
    {
        var model = PeerNames.ModelOf(Quill.Digest.Span);
        Scheduler = PeerNames.SchedulerOf(model);
        var (config, segment) = (Quill.Config, Quill.Back(plan.SplitLayer));
        var scheduler = new SchedulerOptions { Address = Scheduler, ModelDigest = Quill.Digest, LayerCount = config.LayerCount, ContextLength = config.ContextLength, Plan = plan };
        var worker = new WorkerOptions
        {
            Address = Worker,
            Scheduler = Scheduler,
            ModelDigest = Quill.Digest,
            Layers = new(plan.SplitLayer, config.LayerCount),
            ContextLength = config.ContextLength,
            VocabularySize = config.VocabularySize,
            KvLayout = segment.KvLayout(KvFormat.Float16),
            StatusPeriod = TimeSpan.FromMilliseconds(200),
        };
        var slot = new WorkerSlot("w1", peers => ActorProps.Of(() => new BackendWorkerActor(worker, peers, () => Quill.BackEngine(segment, worker), _lanes, Refusals.Enqueue)));
        var candidate = new SchedulerSingleton(model, peers => ActorProps.Of(() => new SchedulerActor([scheduler], peers, _lanes, Refusals.Enqueue)));
        var actors = new MemberActors { Slot = slot, Schedulers = [candidate] };
        _cloud = Start(actors.Roles, seed: null);
        candidate.Start(_cloud, WorkerSlots.Start(_cloud, slot, Refusals.Enqueue), Refusals.Enqueue);
        foreach (var device in devices)
        {
            var system = Start(new MemberActors { Device = device }.Roles, seed: _cloud);
            _devices[device] = (system, new ClusterNames(system, WorkerSlots.StartProxy(system), Refusals.Enqueue));
        }
    }

    public string Scheduler { get; }

    /// <summary>What any node reported.</summary>
    public ConcurrentQueue<string> Refusals { get; } = [];

    /// <summary>Opens a name at a device, which need not be its own.</summary>
    public (IPeers Peers, BlockingCollection<object> Inbox) Open(string device, string name)
    {
        var inbox = new BlockingCollection<object>();
        return (_devices[device].Names.Open(name, inbox.Add), inbox);
    }

    /// <param name="device">That it runs on.</param>
    /// <param name="promptIndex">Of the golden prompts.</param>
    /// <param name="onToken">Called with the number of tokens so far, within the device's turn.</param>
    public LiveSession StartSession(string device, int promptIndex, Action<int>? onToken = null)
    {
        var id = new SessionId((ulong)++_sessionCount);
        var options = new EdgeOptions
        {
            Address = $"edge/{device}/{id.Value}",
            Scheduler = Scheduler,
            ModelDigest = Quill.Digest,
            LayerCount = Quill.Config.LayerCount,
            ContextLength = Quill.Config.ContextLength,
            VocabularySize = Quill.Config.VocabularySize,
            EndTokens = Quill.Config.EosTokenIds,
            AnswerTimeout = TimeSpan.FromMilliseconds(250),
            AttemptsMax = 400,
            SchedulerAttemptsMax = 400, // until the members have joined
        };
        var session = new LiveSession(onToken);
        var edge = _devices[device].Names.Start(options.Address, peers => ActorProps.Of(() => new EdgeSessionActor(new EdgeState(id, options), peers, plan => Quill.FrontEngine(plan, options.ChunkTokensMax), session.Add, _lanes)));
        edge.Tell(new StartSession(Quill.Prompt(promptIndex)));
        return session;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (system, _) in _devices.Values)
            await system.Terminate();
        await _cloud.Terminate();
        await _lanes.DrainAsync();
    }

    private static ActorSystem Start(ImmutableArray<string> roles, ActorSystem? seed)
    {
        var system = ActorSystem.Create(MemberSettings.SystemName, new MemberSettings { Host = "127.0.0.1", Port = 0, Seeds = [], Roles = roles }.ToSetup());
        var cluster = Akka.Cluster.Cluster.Get(system);
        cluster.Join(Akka.Cluster.Cluster.Get(seed ?? system).SelfAddress);
        return system;
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

    /// <summary>Waits for its end, which must be the reference continuation of a golden prompt.</summary>
    public async Task EndsAsync(int promptIndex)
    {
        using var limit = new CancellationTokenSource(TimeMax);
        var events = new List<SessionEvent>();
        await foreach (var sessionEvent in _events.Reader.ReadAllAsync(limit.Token))
            events.Add(sessionEvent);
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), events[^1]);
        Assert.Equal(Quill.GreedyContinuation(promptIndex), events.OfType<TokenGenerated>().Select(generated => generated.Token));
    }
}
