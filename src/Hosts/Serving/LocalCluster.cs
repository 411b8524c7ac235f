using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Kernel;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Transport;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Serving;

/// <summary>A scheduler, workers and devices in this process, on the thread pool, with the in-process transport between them.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private const string SchedulerAddress = "scheduler";
    private const string EdgePrefix = "edge/";
    private const int StepHeaderBytes = 64; // of message and frame
    private const int KvMessageBytesMax = 1 << 20;
    private const int KvChunkTokensMax = 64;

    /// <summary>Timers were seen to be late by up to 2.4 ms; a link of 4 ms would be one of 7 without waiting for the rest.</summary>
    internal static readonly TimeSpan TimerLateness = TimeSpan.FromMilliseconds(5);

    /// <summary>What lies between actors of one process: next to nothing, and better known than by the first message, for which code is compiled.</summary>
    private static readonly LinkProfile InProcess = LinkProfile.Of(1e11, 1e11, TimeSpan.Zero);

    private readonly DrainingDispatcher _dispatcher = new();
    private readonly ActorSystem _system;
    private readonly CuttableTransport _transport;
    private readonly EmulatedLinkTransport? _link;
    private readonly Checkpoint _checkpoint;
    private readonly ByteString _digest;
    private readonly FixedPlan? _plan;
    private readonly ModelCalibration? _calibration;
    private readonly Lazy<Segment>? _embedding; // for predictions
    private readonly ActorRef _scheduler;
    private readonly ServingOptions _options;
    private readonly ComputeThreads _threads;
    private readonly Action<string> _report;
    private readonly ConcurrentDictionary<SessionId, ActorRef> _edges = new();
    private readonly Dictionary<string, ActorRef> _workers = new(StringComparer.Ordinal);

    /// <param name="checkpoint">Stays open as long as the cluster.</param>
    /// <param name="plan">What every session is told to do; null: the profile's planner plans.</param>
    /// <param name="calibration">That device and workers have; null for none.</param>
    /// <param name="options">Threads and formats.</param>
    /// <param name="clock">Runs timers and measures.</param>
    /// <param name="report">Told of failures inside, in a sentence each, from any thread.</param>
    public LocalCluster(Checkpoint checkpoint, FixedPlan? plan, ModelCalibration? calibration, ServingOptions options, TimeProvider clock, Action<string> report)
    {
        _options = options;
        ITransport transport = new InProcessTransport();
        if (options.Link is { } profile)
        {
            _link = new EmulatedLinkTransport(transport, clock, profile, options.LinkSeed, IsDevice, TimerLateness);
            transport = _link;
        }

        _transport = new CuttableTransport(transport, IsDevice);

        _threads = new ComputeThreads(options.ThreadCount);
        _checkpoint = checkpoint;
        _report = report;
        _plan = plan;
        _calibration = calibration;
        _embedding = options.Predicts ? new(() => Segment.Load(checkpoint, LayerRange.Front(0))) : null;
        _digest = ByteString.CopyFrom(Convert.FromHexString(ModelDigest.Of(checkpoint).Hex));
        _system = new ActorSystem(new ActorSystemOptions { Dispatcher = _dispatcher, TimeProvider = clock, EventSink = Report });
        var schedulerOptions = new SchedulerOptions { Address = SchedulerAddress, ModelDigest = _digest, LayerCount = checkpoint.Config.LayerCount, Plan = plan, Planner = options.Profile?.Planner };
        _scheduler = _system.Spawn(new Props(() => new SchedulerActor(schedulerOptions, _transport)), "scheduler");
    }

    /// <summary>Nothing crosses the link between devices and the rest.</summary>
    public bool IsLinkCut
    {
        get => _transport.IsCut;
        set => _transport.IsCut = value;
    }

    /// <summary>Loads the back layers once and starts workers that share them.</summary>
    /// <exception cref="UserErrorException">A tensor of these layers is missing or damaged.</exception>
    public void StartWorkers(int splitLayer, int count, IProgress<LoadProgress>? progress = null)
    {
        var layers = LayerRange.Back(splitLayer, _checkpoint.Config.LayerCount);
        var segment = Segment.Load(_checkpoint, layers, _options.BackFormat, progress, _threads);
        for (var (number, last) = (_workers.Count + 1, _workers.Count + count); number <= last; number++)
        {
            var options = new WorkerOptions
            {
                Address = $"worker/{number}",
                Scheduler = SchedulerAddress,
                ModelDigest = _digest,
                CalibrationId = _calibration?.Id ?? 0,
                Layers = layers,
                ContextLength = _checkpoint.Config.ContextLength,
                VocabularySize = _checkpoint.Config.VocabularySize,
                KvLayout = segment.KvLayout(_options.KvFormat),
                Costs = _options.Profile?.Worker,
            };
            _workers[options.Address] = _system.Spawn(new Props(() => NewWorker(options, segment)), $"worker-{number}");
        }
    }

    /// <summary>Emulates another link from now on; there must be one.</summary>
    public void ChangeLink(LinkProfile profile) => _link!.Profile = profile;

    /// <summary>What crossed the emulated link so far; null without one.</summary>
    public (LinkTraffic Up, LinkTraffic Down)? Traffic => _link?.Traffic;

    /// <summary>Lets a session go on under another plan.</summary>
    public void MoveSession(SessionId session, FixedPlan plan, string reason) => _scheduler.Tell(new MoveSession(session, plan, reason));

    /// <summary>The device has so much memory from now on.</summary>
    public void ChangeDeviceMemory(SessionId session, long bytes) => _edges[session].Tell(new DeviceMemoryChanged((ulong)bytes));

    public void StopWorker(string address) => _system.Stop(_workers[address]);

    /// <summary>Starts a session on a prompt of at least one token; <paramref name="observe"/> sees each event within the actor's turn.</summary>
    /// <returns>
    /// What happens, in order, up to <see cref="SessionEnded"/>, or to the <see cref="UserErrorException"/> that damaged front layers are, or to the cancellation of loading them;
    /// and the actor, for <see cref="CancelSession"/>.
    /// </returns>
    public (ChannelReader<SessionEvent> Events, ActorRef Actor) StartSession(
        SessionId session, IReadOnlyList<int> prompt, SamplingOptions sampling, int maxTokens, Action<SessionEvent> observe, IProgress<LoadProgress>? progress = null)
    {
        var config = _checkpoint.Config;
        var options = new EdgeOptions
        {
            Address = $"{EdgePrefix}{session}",
            Scheduler = SchedulerAddress,
            ModelDigest = _digest,
            CalibrationId = _calibration?.Id ?? 0,
            LayerCount = config.LayerCount,
            VocabularySize = config.VocabularySize,
            ContextLength = config.ContextLength,
            EndTokens = config.EosTokenIds,
            Sampling = sampling,
            GeneratedCountMax = maxTokens,
            FallsBack = _options.FallsBack,
            Handoff = _plan?.Mode == ExecutionMode.Handoff ? HandoffOf(config, maxTokens) : null,
            Deadline = _options.Deadline,
            Link = _options.Link ?? InProcess,
            StepBytesMax = (config.HiddenSize * sizeof(ushort)) + StepHeaderBytes,
            DeviceTime = _plan is { SplitLayer: > 0 } plan && _options.Profile is { } timed
                ? timed.DeviceTime(plan.SplitLayer, config.LayerCount, Math.Min(config.ContextLength, prompt.Count + maxTokens))
                : TimeSpan.Zero,
        };
        options = options with
        {
            FallbackAfter = _options.FallbackAfter ?? options.FallbackAfter,
            Device = _plan is null ? _options.Profile?.Describe(options.ChunkTokensMax, _options.ThreadCount) : null,
        };
        var tokenCountMax = Math.Min(config.ContextLength, prompt.Count + maxTokens);
        var isRunning = false;
        var events = Channel.CreateUnbounded<SessionEvent>(new UnboundedChannelOptions { SingleReader = true }); // bounded by maxTokens
        var actor = _system.Spawn(
            new Props(() => new EdgeActor(new EdgeState(session, options), _transport, LoadFront, Publish)),
            $"edge-{session}");
        _edges[session] = actor;
        actor.Tell(new StartSession([.. prompt]));
        return (events.Reader, actor);

        void Publish(SessionEvent sessionEvent)
        {
            isRunning |= sessionEvent is TokenGenerated;
            observe(sessionEvent);
            events.Writer.TryWrite(sessionEvent);
        }

        FrontEngine LoadFront(Plan plan)
        {
            try
            {
                var (weights, kv) = FrontOf(plan);
                var segment = Segment.Load(_checkpoint, LayerRange.Front((int)plan.SplitLayer), weights, isRunning ? null : progress, _threads);
                return new FrontEngine(
                    segment, plan.Compression.ToOptions(), sampling, tokenCountMax, options.ChunkTokensMax, kv, _threads, _system.TimeProvider, Calibrated(segment.Layers.End, plan.Compression?.CalibrationId));
            }
            catch (Exception error) when (!isRunning && error is (UserErrorException or OperationCanceledException))
            {
                events.Writer.TryComplete(error); // it decides the exit code, which the session's end does not tell
                throw;
            }
        }
    }

    private HandoffOptions HandoffOf(ModelConfig config, int maxTokens)
    {
        var bytesPerToken = 2L * config.LayerCount * config.KvWidth * (int)_options.KvFormat / 8;
        return new HandoffOptions
        {
            TokenCountMax = _options.Handoff.TokenCountMaxOf(maxTokens),
            Deadline = _options.Handoff.Deadline,
            Shipment = _options.Handoff.Shipment,
            Config = config,
            KvFormat = _options.KvFormat,
            ChunkTokensMax = (int)Math.Clamp(KvMessageBytesMax / bytesPerToken, 1, KvChunkTokensMax),
        };
    }

    private static bool IsDevice(string address) => address.StartsWith(EdgePrefix, StringComparison.Ordinal);

    /// <summary>As the plan has it, else as every device has it. Weights in 16 bits are those of the checkpoint.</summary>
    private (WeightFormat? Weights, KvFormat Kv) FrontOf(Plan plan) => plan.Front?.ToFormats() is var (weights, kv)
        ? (weights.IsQuantized ? weights : null, kv)
        : (_options.FrontFormat, _options.KvFormat);

    /// <summary>Stops all actors and waits for the computation that runs, if any.</summary>
    public async ValueTask DisposeAsync()
    {
        await _system.DisposeAsync();
        await _dispatcher.DrainAsync();
        _link?.Dispose();
        _threads.Dispose();
    }

    private BackendActor NewWorker(WorkerOptions options, Segment segment) =>
        new(options, _transport, new BackEngine(segment, options.BatchRowsMax, new KvPagePools(options.KvLayout, options.KvBytesMax), _threads, _system.TimeProvider, splitLayer => Calibrated(splitLayer, _calibration?.Id)), _report);

    private CalibratedSplit? Calibrated(int splitLayer, ulong? calibrationId) => calibrationId is null or 0
        ? null
        : _calibration?.For(splitLayer) is { } split ? new CalibratedSplit(split, _embedding?.Value) : null;

    private void Report(KernelEvent kernelEvent)
    {
        if (kernelEvent is ActorFailed failed)
            _report($"{failed.Actor.Path} failed: {failed.Cause.Message}");
        else if (kernelEvent is HookFailed hook)
            _report($"{hook.Actor.Path} failed in {hook.Hook}: {hook.Cause.Message}");
    }
}
