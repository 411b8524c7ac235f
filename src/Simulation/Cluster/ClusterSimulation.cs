using Google.Protobuf;
using SplitActors.Actors;
using SplitActors.Actors.Links;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Scheduling;

namespace SplitActors.Simulation.Cluster;

/// <summary>
/// A scheduler, workers and devices on one thread and in virtual time, over a network that misbehaves: the protocol is the real one, only models are
/// <see cref="Arithmetic.TokenChain"/>s. After every message what must always hold is checked. The same options give the same run.
/// </summary>
public sealed partial class ClusterSimulation : IDisposable
{
    private const string SchedulerAddress = "scheduler";
    private const string DevicePrefix = "edge/";

    /// <summary>Time for what is left to end by itself, after the last session.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(5);

    /// <summary>Virtual time after which a session that has not ended never will.</summary>
    private static readonly TimeSpan DrainMax = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(1);

    private static readonly ByteString Digest = ByteString.CopyFrom(1, 2, 3);

    private readonly ClusterOptions _options;
    private readonly ProtocolSeams _seams;
    private readonly SimulationDriver _driver;
    private readonly ClusterWatch _watch;
    private readonly ClusterTally _tally = new();
    private readonly EmulatedLinkTransport? _link;
    private readonly FaultyTransport _faults;
    private readonly SchedulerSides _sides;
    private readonly TracedTransport _network;
    private readonly SplitMix64 _random;
    private readonly Disturbances _disturbances;
    private SimulatedNode? _scheduler;
    private SimulatedNode? _second;
    private SchedulerState? _schedulerState;
    private int _incarnationCount;

    public ClusterSimulation(ClusterOptions options)
        : this(options, ProtocolSeams.None)
    {
    }

    internal ClusterSimulation(ClusterOptions options, ProtocolSeams seams)
    {
        (_options, _seams) = (options, seams);
        var seeds = new SplitMix64(options.Seed);
        _driver = new SimulationDriver(seeds.Next());
        _watch = new ClusterWatch(_driver.Time);
        _driver.Observe = _watch.Observe;
        IPeers inner = _sides = new SchedulerSides(new LocalPeers(), SchedulerAddress);
        if (options.Link is { } profile)
            inner = _link = new EmulatedLinkTransport(inner, _driver.Time, profile, seeds.Next(), address => address.StartsWith(DevicePrefix, StringComparison.Ordinal));
        _faults = new FaultyTransport(inner, _driver.Time, seeds.Next(), options.Faults.Network);
        _network = new TracedTransport(_faults, _watch, _driver.Time, seams);
        _random = new SplitMix64(seeds.Next());
        _workers = [.. Enumerable.Range(0, options.WorkerCount).Select(number => new Node($"worker/{number}"))];
        _devices = [.. Enumerable.Range(0, options.DeviceCount).Select(number => new Device(number))];
        _disturbances = new Disturbances(this, new SplitMix64(seeds.Next()));
    }

    /// <summary>Virtual time so far.</summary>
    public TimeSpan Elapsed => _driver.Time.Elapsed;

    private bool IsOpen => Elapsed < _options.Duration;

    /// <summary>Runs until all sessions have ended, or until something happens that must never happen.</summary>
    /// <param name="progress">Told the virtual time now and then; may throw to end the run.</param>
    public ClusterReport Run(Action<TimeSpan>? progress = null)
    {
        StartScheduler();
        for (var number = 0; number < _workers.Count; number++)
            StartWorker(number);
        foreach (var device in _devices)
            StartSessionLater(device);
        _disturbances.Start();
        RunInSlices(() => !IsOpen, _options.Duration, progress);

        _disturbances.End();
        if (!RunInSlices(() => _activeCount == 0, DrainMax, progress) && _watch.Violation is null)
            _watch.Violate(FirstActive(), $"it has not ended within {DrainMax.TotalMinutes} minutes after the last disturbance");
        CheckThatNothingIsLeft();
        return Report();
    }

    public void Dispose()
    {
        _link?.Dispose();
    }

    private bool RunInSlices(Func<bool> isDone, TimeSpan timeMax, Action<TimeSpan>? progress)
    {
        for (var end = Elapsed + timeMax; Elapsed < end && _watch.Violation is null; progress?.Invoke(Elapsed))
        {
            var slice = end - Elapsed < ProgressPeriod ? end - Elapsed : ProgressPeriod;
            if (_driver.RunUntil(() => _watch.Violation is not null || isDone(), slice))
                break;
        }

        return isDone();
    }

    /// <summary>Whatever was lost on the way, no session may hold a worker's memory, or a place at the scheduler, for ever.</summary>
    private void CheckThatNothingIsLeft()
    {
        if (_watch.Violation is not null)
            return;
        var idleMax = Enumerable.Range(0, _workers.Count).Max(number => WorkerOptions(number).SessionIdleMax);
        var silenceMax = 1.25 * SchedulerOptions().SessionSilenceMax;
        _driver.RunUntil(() => _watch.Violation is not null, (idleMax > silenceMax ? idleMax : silenceMax) + SettleTime);
        if (_schedulerState is { Sessions.Count: > 0 } state)
            _watch.Violate(SchedulerAddress, $"no session is left, but {state.Sessions.Count} have places, the first on {state.Sessions.Values.First().Worker}");
        foreach (var worker in _workers)
        {
            if (worker.Record.State is { } left && (left.Sessions.Count > 0 || left.KvReservations.BytesKept > 0 || left.QueuedRows > 0))
                _watch.Violate(worker.Address, $"no session is left, but it has {left.Sessions.Count} with {left.KvReservations.BytesKept} bytes of keys and values");
        }
    }

    private void StartScheduler()
    {
        var options = SchedulerOptions();
        _scheduler = _driver.Start(
            $"scheduler-{++_incarnationCount}",
            () => new SimulatedScheduler(options, _network, _watch, _seams, NewInvariants(), state => _schedulerState = state));
    }

    private SchedulerInvariants NewInvariants() => new(id => id.Value <= (ulong)_tally.StartedCount);

    /// <summary>As behind a network that is cut in two: each side takes its own for the only one.</summary>
    private void StartSecondScheduler(ulong seed)
    {
        var options = SchedulerOptions();
        _sides.Split(seed);
        _second = _driver.Start(
            $"scheduler-{++_incarnationCount}", () => new SimulatedScheduler(options, _sides.AsSecond(_network), _watch, _seams, NewInvariants(), static _ => { }));
    }

    private void StopSecondScheduler()
    {
        _second!.Stop();
        _second = null;
        _sides.Join();
    }

    private SchedulerOptions SchedulerOptions() => _options.Scheduler(new SchedulerOptions
    {
        Address = SchedulerAddress,
        ModelDigest = Digest,
        LayerCount = _options.Costs.LayerCount,
        ContextLength = _options.Costs.Config.ContextLength,
        Plan = _options.Plan,
        SessionSilenceMax = TimeSpan.FromSeconds(30),
    });

    private ClusterReport Report() => new()
    {
        Seed = _options.Seed,
        Violation = _watch.Violation,
        TraceHash = _watch.Trace.Value,
        Elapsed = Elapsed,
        SessionCount = _tally.StartedCount,
        Ends = _tally.Ends,
        CrashedCount = _tally.CrashedCount,
        TokenCount = _tally.TokenCount,
        FailoverCount = _tally.FailoverCount,
        Hedges = _tally.Hedges,
        MoveCount = _tally.MoveCount,
        Verdicts = (_tally.KeptCount, _tally.DegradedCount, _tally.MissedCount),
        TtftMs = LatencyPercentiles.Of(_tally.TtftUs),
        TpotMs = LatencyPercentiles.Of(_tally.TpotUs),
        RecoveryMs = LatencyPercentiles.Of(_tally.RecoveryUs),
        WorkerTime = _workers.Aggregate(TimeSpan.Zero, (sum, worker) => sum + worker.Record.BusyTime),
        WorkerTokenCount = _workers.Sum(worker => worker.Record.TokenCount),
        WorkerRowCount = _workers.Sum(worker => worker.Record.RowCount),
        WorkerBusyShares = [.. _workers.Select(worker => worker.Record.BusyTime / _endedAt)],
        MessageCount = _network.MessageCount,
        MessageFaults = (_faults.DroppedCount, _faults.DuplicatedCount, _faults.DelayedCount, _faults.ReorderedCount),
        Disturbances = _disturbances.Counts,
    };
}
