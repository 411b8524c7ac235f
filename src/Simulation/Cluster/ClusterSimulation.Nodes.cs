using System.Collections.Immutable;
using SplitActors.Actors;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Sampling;

namespace SplitActors.Simulation.Cluster;

/// <summary>Workers, and devices that start session after session.</summary>
public sealed partial class ClusterSimulation
{
    private readonly List<Node> _workers;
    private readonly List<Device> _devices;
    private int _activeCount;
    private TimeSpan _endedAt = TimeSpan.FromTicks(1); // of the last session

    private void StartWorker(int number)
    {
        var worker = _workers[number];
        worker.IsLeaving = false;
        var (options, random) = (WorkerOptions(number), new SplitMix64(_random.Next()));
        worker.Actor = _driver.Start(
            $"worker-{number}-{++_incarnationCount}", () => new SimulatedWorker(options, _network, _options.Costs, worker.Record, _watch, _seams, random));
    }

    private WorkerOptions WorkerOptions(int number) => _options.Worker(
        new WorkerOptions
        {
            Address = _workers[number].Address,
            Scheduler = SchedulerAddress,
            ModelDigest = Digest,
            Layers = new(0, _options.Costs.LayerCount),
            ContextLength = _options.Costs.Config.ContextLength,
            VocabularySize = Arithmetic.TokenChain.VocabularySize,
            KvLayout = _options.Costs.KvLayout,
            LeaveTimeMax = TimeSpan.FromSeconds(10),
            EvictableAfter = TimeSpan.FromSeconds(2),
            Costs = _options.Costs.Worker,
            SessionIdleMax = TimeSpan.FromSeconds(30),
        },
        number);

    private void StartSessionLater(Device device, TimeSpan atLeast = default)
    {
        if (device.SessionCount++ >= _options.SessionsPerDevice)
            return;
        After(atLeast + (_random.NextFraction() * _options.ThinkTimeMax), () =>
        {
            if (IsOpen)
                StartSession(device);
        });
    }

    private void StartSession(Device device)
    {
        var number = ++_tally.StartedCount;
        ImmutableList<int> prompt = [.. Enumerable.Range(0, 1 + _random.Next(_options.PromptTokensMax)).Select(_ => _random.Next(Arithmetic.TokenChain.VocabularySize))];
        var options = EdgeOptions(device, number);
        var session = new ObservedSession(number, options.Address, prompt, options, _driver.Time, _watch, _tally)
        {
            Slowdown = () => device.Slowdown,
            LoadFailureRate = _options.Faults.LoadFailureRate,
            StaleAlternativeRate = _options.Faults.StaleAlternativeRate,
            AllowsFailure = _options.AllowsFailure,
            WhenEnded = () => EndSession(device),
        };
        var (state, random) = (new EdgeState(new SessionId((ulong)number), options), new SplitMix64(_random.Next()));
        device.Session = session;
        device.SessionId = state.Session;
        device.Actor = _driver.Start($"edge-{number}", () => new SimulatedEdge(state, _network, _options.Costs, session, _watch, _seams, random));
        _activeCount++;
        device.Actor.Post(new StartSession(prompt));
    }

    private void EndSession(Device device)
    {
        _activeCount--;
        _endedAt = Elapsed;
        device.Session = null;
        StartSessionLater(device);
    }

    private EdgeOptions EdgeOptions(Device device, int number)
    {
        var tokenTime = _options.Costs.DeviceTime(_options.Plan.SplitLayer, 1, _options.Costs.Config.ContextLength);
        return _options.Edge(new EdgeOptions
        {
            Address = $"{DevicePrefix}{device.Number}/{number}",
            Scheduler = SchedulerAddress,
            ModelDigest = Digest,
            LayerCount = _options.Costs.LayerCount,
            ContextLength = _options.Costs.Config.ContextLength,
            VocabularySize = Arithmetic.TokenChain.VocabularySize,
            EndTokens = [],
            Sampling = new SamplingOptions { Temperature = 1, RepetitionPenalty = 1.1f, Seed = _random.Next() }, // so that a draw depends on the tokens before it
            GeneratedCountMax = _options.GeneratedTokensMin + _random.Next(_options.GeneratedTokensMax - _options.GeneratedTokensMin + 1),
            Handoff = new HandoffOptions { TokenCountMax = _options.HandoffTokens, Config = _options.Costs.Config, KvFormat = KvFormat.Float16 },
            Deadline = _options.Deadline is { } deadline && _random.Next(2) == 0 ? deadline : null,
            DeviceTime = tokenTime,
            Link = _options.Link,
        });
    }

    private string FirstActive() => _devices.First(device => device.Session is not null).Session!.Address;

    private void After(TimeSpan delay, Action action)
    {
        ITimer? timer = null;
        timer = _driver.Time.CreateTimer(
            _ =>
            {
                timer!.Dispose();
                action();
            },
            state: null, delay, Timeout.InfiniteTimeSpan);
    }

    private sealed class Node(string address)
    {
        public string Address => address;

        public WorkerRecord Record { get; } = new();

        /// <summary>Null while it is down.</summary>
        public SimulatedNode? Actor { get; set; }

        /// <summary>It was told to leave.</summary>
        public bool IsLeaving { get; set; }
    }

    private sealed class Device(int number)
    {
        public int Number => number;

        public double Slowdown { get; set; } = 1;

        public int SessionCount { get; set; }

        /// <summary>Null between two sessions.</summary>
        public ObservedSession? Session { get; set; }

        public SessionId SessionId { get; set; }

        public SimulatedNode? Actor { get; set; }
    }
}
