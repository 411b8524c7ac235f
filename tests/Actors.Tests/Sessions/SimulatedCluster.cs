using System.Collections.Immutable;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Scheduler, workers and devices on the embedded model, on one thread and in virtual time.</summary>
internal sealed class SimulatedCluster : IAsyncDisposable
{
    private readonly SimulationDriver _driver;
    private readonly FixedPlan? _plan;
    private readonly SessionPlanner? _planner;
    private readonly SlowClock _deviceClock;
    private readonly Dictionary<string, int> _splits = new(StringComparer.Ordinal);
    private int _edgeCount;

    /// <param name="plan">For all sessions; null: each is planned for.</param>
    /// <param name="wrap">What to put around the transport.</param>
    /// <param name="seed">Chooses the order in which actors run; null for the order in which they became ready.</param>
    /// <param name="planner">Where there is no plan for all.</param>
    public SimulatedCluster(
        FixedPlan? plan, Func<IPeers, VirtualTimeProvider, IPeers>? wrap = null, ulong? seed = null, SessionPlanner? planner = null)
    {
        _plan = plan;
        _planner = planner;
        _driver = new SimulationDriver(seed);
        _deviceClock = new SlowClock(_driver.Time);
        _driver.Observe = Events.Add;
        Network = new TappedTransport(wrap is null ? new LocalPeers() : wrap(new LocalPeers(), _driver.Time));
        Scheduler = StartScheduler();
    }

    /// <summary>Most virtual time for a condition to come true.</summary>
    public TimeSpan TimeMax { get; init; } = TimeSpan.FromMinutes(10);

    public List<NodeEvent> Events { get; } = [];

    /// <summary>Why workers stopped themselves.</summary>
    public List<string> StopReasons { get; } = [];

    /// <summary>Of every incarnation of every worker.</summary>
    public List<KvPagePools> WorkerPools { get; } = [];

    /// <summary>Of every session that has one.</summary>
    public List<FrontEngine> Fronts { get; } = [];

    /// <summary>Every actor sends through this; it sees a message before any faults.</summary>
    public TappedTransport Network { get; }

    public SimulatedNode Scheduler { get; private set; }

    /// <summary>Of the weights on the devices; null for the workers' own.</summary>
    public WeightFormat? DeviceFormat { get; set; }

    /// <summary>A plan's split that no device can load.</summary>
    public int? UnloadableSplit { get; set; }

    /// <summary>How it fails; null: as a checkpoint that lacks layers does.</summary>
    public Exception? LoadFailure { get; set; }

    /// <summary>The running workers by address.</summary>
    public Dictionary<string, SimulatedNode> Workers { get; } = new(StringComparer.Ordinal);

    public SimulationDriver Driver => _driver;

    public SchedulerOptions SchedulerOptions => new()
    {
        Address = "scheduler",
        ModelDigest = Quill.Digest,
        LayerCount = Quill.Config.LayerCount,
        ContextLength = Quill.Config.ContextLength,
        Plan = _plan,
        Planner = _planner,
    };

    private static CalibratedSplit? Calibrated(ulong calibrationId, int splitLayer) => calibrationId == 0 ? null : Quill.Calibrated(splitLayer);

    public SimulatedNode StartScheduler()
    {
        Scheduler = _driver.Start("scheduler", () => new SchedulerShell([SchedulerOptions], Network));
        return Scheduler;
    }

    /// <param name="address">Also its name, with '-' for '/'.</param>
    /// <param name="change">Changes the options.</param>
    /// <param name="engineClock">Given to the engine of each incarnation.</param>
    /// <param name="splitLayer">The smallest ℓ of the sessions that it serves; null for that of the plan.</param>
    public SimulatedNode StartWorker(string address, Func<WorkerOptions, WorkerOptions>? change = null, TimeProvider? engineClock = null, int? splitLayer = null)
    {
        var split = splitLayer ?? _plan?.SplitLayer ?? 0;
        var segment = Quill.Back(split);
        var options = new WorkerOptions
        {
            Address = address,
            Scheduler = "scheduler",
            ModelDigest = Quill.Digest,
            CalibrationId = Quill.Calibration.Id,
            Layers = new(split, Quill.Config.LayerCount),
            ContextLength = Quill.Config.ContextLength,
            VocabularySize = Quill.Config.VocabularySize,
            KvLayout = segment.KvLayout(KvFormat.Float16),
            DeviceTokenCountMax = long.MaxValue, // some of these workers have memory for one session
        };
        options = change?.Invoke(options) ?? options;
        var worker = _driver.Start(address.Replace('/', '-'), () => new ComputingWorker(options, Network, NewEngine(), StopReasons.Add));
        Workers[address] = worker;
        _splits[address] = split;
        return worker;

        BackEngine NewEngine()
        {
            WorkerPools.Add(new KvPagePools(options.KvLayout, options.KvBytesMax));
            return new BackEngine(segment, options.BatchRowsMax, WorkerPools[^1], ComputeThreads.Single, engineClock ?? _driver.Time, Quill.Calibrated);
        }
    }

    /// <summary>Lets a device's computation of a token take twice or four times this: without and with a frame.</summary>
    public void SlowDown(TimeSpan perReading) => _deviceClock.PerReading = perReading;

    public void StopWorker(string address)
    {
        Workers.Remove(address, out var worker);
        worker!.Stop();
    }

    /// <summary>As its process would be, if it ended and were started again: nothing of its sessions is left.</summary>
    public void RestartWorker(string address)
    {
        var worker = Workers[address];
        StopWorker(address);
        RunUntil(() => worker.IsStopped);
        StartWorker(address, splitLayer: _splits[address]);
    }

    public SimulatedSession StartSession(ImmutableList<int> prompt, SamplingOptions? sampling = null, Func<EdgeOptions, EdgeOptions>? change = null)
    {
        var number = ++_edgeCount;
        var options = new EdgeOptions
        {
            Address = $"edge/{number}",
            Scheduler = "scheduler",
            ModelDigest = Quill.Digest,
            CalibrationId = Quill.Calibration.Id,
            LayerCount = Quill.Config.LayerCount,
            ContextLength = Quill.Config.ContextLength,
            VocabularySize = Quill.Config.VocabularySize,
            EndTokens = Quill.Config.EosTokenIds,
            Sampling = sampling ?? SamplingOptions.Greedy,
        };
        options = change?.Invoke(options) ?? options;
        var session = new SimulatedSession(new SessionId((ulong)number));
        var state = new EdgeState(session.Id, options);
        var edge = _driver.Start($"edge-{number}", () => new ComputingEdge(state, Network, LoadFront, session.Add));
        session.Actor = edge;
        edge.Post(new StartSession(prompt));
        return session;

        FrontEngine LoadFront(Plan plan)
        {
            if (plan.SplitLayer == UnloadableSplit)
                throw LoadFailure ?? new UserErrorException(UserErrorKind.Checkpoint, "The front", "all its layers", "fewer", "Copy them.");
            Fronts.Add(new(
                Quill.Front((int)plan.SplitLayer, plan.Front?.ToFormats() is { Weights.IsQuantized: true } front ? front.Weights : DeviceFormat),
                plan.Compression.ToOptions(),
                options.Sampling,
                Quill.Config.ContextLength,
                options.ChunkTokensMax,
                KvFormat.Float16,
                ComputeThreads.Single,
                _deviceClock,
                Calibrated(plan.Compression?.CalibrationId ?? 0, (int)plan.SplitLayer)));
            return Fronts[^1];
        }
    }

    /// <summary>Runs until the condition holds or virtual time is over.</summary>
    public void RunUntil(Func<bool> condition) => Assert.True(_driver.RunUntil(condition, TimeMax), "The simulation ended before the condition held.");

    public void RunUntilEnded(params IEnumerable<SimulatedSession> sessions)
    {
        foreach (var session in sessions)
            RunUntil(() => session.Ended is not null);
    }

    /// <summary>Runs a number of work items, whatever they are.</summary>
    public void RunSteps(int count)
    {
        for (var i = 0; i < count; i++)
            _driver.Dispatcher.RunOne();
    }

    public ValueTask DisposeAsync()
    {
        _driver.StopAll();
        return ValueTask.CompletedTask;
    }
}
