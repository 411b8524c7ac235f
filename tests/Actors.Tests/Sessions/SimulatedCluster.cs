using System.Collections.Immutable;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Kernel;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Simulation;
using SplitActors.Actors.Transport;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Scheduler, workers and devices on the embedded model, on one thread and in virtual time.</summary>
internal sealed class SimulatedCluster : IAsyncDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(10);

    private readonly SimulationDriver _driver;
    private readonly ActorSystem _system;
    private readonly FixedPlan _plan;
    private int _edgeCount;

    public SimulatedCluster(FixedPlan plan, Func<ITransport, ITransport>? wrap = null)
    {
        _plan = plan;
        _driver = new SimulationDriver();
        _system = new ActorSystem(_driver.Options with { EventSink = Events.Add });
        Transport = new InProcessTransport();
        if (wrap is not null)
            Transport = wrap(Transport);
        _system.Spawn(new Props(() => new SchedulerActor(SchedulerOptions, Transport)), "scheduler");
        _driver.RunUntilIdle();
    }

    public List<KernelEvent> Events { get; } = [];

    public ITransport Transport { get; }

    public SimulationDriver Driver => _driver;

    public SchedulerOptions SchedulerOptions => new()
    {
        Address = "scheduler",
        ModelDigest = Quill.Digest,
        LayerCount = Quill.Config.LayerCount,
        Plan = _plan,
    };

    public ActorRef StartWorker(string address, Func<WorkerOptions, WorkerOptions>? change = null)
    {
        var options = new WorkerOptions
        {
            Address = address,
            Scheduler = "scheduler",
            ModelDigest = Quill.Digest,
            Layers = new(_plan.SplitLayer, Quill.Config.LayerCount),
            ContextLength = Quill.Config.ContextLength,
            VocabularySize = Quill.Config.VocabularySize,
        };
        options = change?.Invoke(options) ?? options;
        var segment = Quill.Back(_plan.SplitLayer);
        var worker = _system.Spawn(
            new Props(() => new BackendActor(options, Transport, new BackEngine(segment, options.BatchRowsMax, _driver.Time))),
            address.Replace('/', '-'));
        _driver.RunUntilIdle();
        return worker;
    }

    public void Stop(ActorRef actor) => _system.Stop(actor);

    public SimulatedSession StartSession(ImmutableList<int> prompt, SamplingOptions? sampling = null, Func<EdgeOptions, EdgeOptions>? change = null)
    {
        var number = ++_edgeCount;
        var options = new EdgeOptions
        {
            Address = $"edge/{number}",
            Scheduler = "scheduler",
            ModelDigest = Quill.Digest,
            LayerCount = Quill.Config.LayerCount,
            ContextLength = Quill.Config.ContextLength,
            VocabularySize = Quill.Config.VocabularySize,
            EndTokens = Quill.Config.EosTokenIds,
            Sampling = sampling ?? SamplingOptions.Greedy,
        };
        options = change?.Invoke(options) ?? options;
        var session = new SimulatedSession();
        var state = new EdgeState(new SessionId((ulong)number), options);
        var edge = _system.Spawn(new Props(() => new EdgeActor(state, Transport, LoadFront, session.Add)), $"edge-{number}");
        session.Actor = edge;
        edge.Tell(new StartSession(prompt));
        return session;

        FrontEngine LoadFront(Plan plan) => new(
            Quill.Front((int)plan.SplitLayer), _plan.Compression, options.Sampling, Quill.Config.ContextLength, options.ChunkTokensMax, _driver.Time);
    }

    /// <summary>Runs until the condition holds or virtual time is over.</summary>
    public void RunUntil(Func<bool> condition) => Assert.True(_driver.RunUntil(condition, TimeMax), "The simulation ended before the condition held.");

    public ValueTask DisposeAsync()
    {
        var terminated = _system.TerminateAsync();
        _driver.RunUntilIdle();
        return new ValueTask(terminated);
    }
}

/// <summary>What one device's session published.</summary>
internal sealed class SimulatedSession
{
    public List<SessionEvent> Events { get; } = [];

    public ActorRef? Actor { get; set; }

    public IEnumerable<int> Tokens => Events.OfType<TokenGenerated>().Select(generated => generated.Token);

    public SessionEnded? Ended => Events.OfType<SessionEnded>().SingleOrDefault();

    public void Add(SessionEvent sessionEvent) => Events.Add(sessionEvent);
}
