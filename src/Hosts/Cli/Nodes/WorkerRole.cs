using SplitActors.Actors.Backend;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>A worker of a process: what it holds, its limits, and the actor that serves.</summary>
internal sealed record WorkerRole
{
    private const double DrainSecondsMax = 86_400;
    private const int SessionsMax = 1 << 16;

    public static readonly IReadOnlyList<Setting> Settings =
    [
        NodeSettings.Name, RunSettings.BackBits, RunSettings.GroupSize, NodeSettings.KvBits, NodeSettings.Memory, NodeSettings.MaxSessions, DeviceLimits.Sessions, DeviceLimits.Tokens, NodeSettings.DrainTime,
    ];

    public required int FirstLayer { get; init; }

    /// <summary>Null: as in the checkpoint.</summary>
    public required WeightFormat? Weights { get; init; }

    public required KvFormat KvFormat { get; init; }

    public required long? MemoryBytesMax { get; init; }

    public required int? SessionCountMax { get; init; }

    public required DeviceLimits DeviceLimits { get; init; }

    /// <summary>Null: the default.</summary>
    public required TimeSpan? DrainTimeMax { get; init; }

    public required string CacheFolder { get; init; }

    public required int ThreadCount { get; init; }

    /// <param name="firstLayer">Null: the worker holds all layers.</param>
    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static WorkerRole Read(SettingReader settings, Setting? firstLayer)
    {
        var groupSize = settings.OneOf(RunSettings.GroupSize, WeightFormat.SupportedGroupSizes) ?? WeightFormat.GroupSizeDefault;
        return new WorkerRole
        {
            FirstLayer = firstLayer is null ? 0 : settings.Integer(firstLayer, 0, int.MaxValue) ?? 0,
            Weights = settings.OneOf(RunSettings.BackBits, WeightFormat.SupportedBits) is { } bits ? WeightFormat.Of(bits, groupSize) : null,
            KvFormat = (KvFormat)(settings.OneOf(NodeSettings.KvBits, RunOptions.KvBits) ?? (int)KvFormat.Float16),
            MemoryBytesMax = settings.Parse<long>(NodeSettings.Memory, SizeText.Expected, SizeText.Bytes),
            SessionCountMax = settings.Integer(NodeSettings.MaxSessions, 1, SessionsMax),
            DeviceLimits = DeviceLimits.Read(settings),
            DrainTimeMax = settings.Number(NodeSettings.DrainTime, $"seconds, at least 0 and at most {DrainSecondsMax}", value => value is >= 0 and <= DrainSecondsMax) is { } seconds
                ? TimeSpan.FromSeconds(seconds)
                : null,
            CacheFolder = settings.Text(RunSettings.ProfileCache) ?? Planning.CacheFolder.Default,
            ThreadCount = settings.Integer(RunSettings.Threads, 1, Environment.ProcessorCount) ?? Environment.ProcessorCount,
        };
    }

    /// <summary>Loads the weights once, for a slot that may join a cluster again and again.</summary>
    /// <param name="slot">Its name.</param>
    /// <exception cref="UserErrorException">The weights are damaged or leave no memory for sessions.</exception>
    public Func<WorkerSlot> Slots(NodeRuntime runtime, Checkpoint checkpoint, string slot, Node node)
    {
        var (host, options) = Load(runtime, checkpoint, PeerNames.Worker(slot), PeerNames.Scheduler(ServedModel.DigestOf(checkpoint).Span), node);
        Ready(host, options, checkpoint, node);
        return () => new WorkerSlot(slot, peers => host.Actor(options, peers));
    }

    private static void Ready(WorkerHost host, WorkerOptions options, Checkpoint checkpoint, Node node) => node.Log.Write("ready", FormattableString.Invariant(
        $"{options.Address} is ready: {host.Layers} of {checkpoint.Config.LayerCount}, {host.ByteCount / 1e6:0.#} MB of weights, {options.KvBytesMax / 1e6:0.#} MB for keys and values, at most {options.SessionCountMax} sessions"));

    private (WorkerHost Host, WorkerOptions Options) Load(NodeRuntime runtime, Checkpoint checkpoint, string address, string scheduler, Node node)
    {
        var layerCount = checkpoint.Config.LayerCount;
        if (FirstLayer >= layerCount)
            throw SettingReader.Wrong("--split", $"0 to {layerCount - 1} layers", $"{FirstLayer}");
        var calibration = ModelCalibration.TryOpen(checkpoint);
        var predicts = calibration?.Splits.Any(split => split.Has(RateDistortionTransform.Prediction)) == true;
        var format = (Weights ?? checkpoint.Quantization?.Back ?? WeightFormat.Unquantized, KvFormat);
        var costs = RunProfile.Measure(checkpoint, [format], RunCompression.Default, calibration, CacheFolder, ThreadCount, node.Loading, node.Cancellation);
        var host = new WorkerHost(runtime, new ServedModel(checkpoint, calibration, predicts), FirstLayer, Weights, KvFormat, node.Loading.Layers("worker"));
        var options = host.Describe(address, scheduler, costs);
        node.Loading.Clear();
        return (host, options with
        {
            KvBytesMax = MemoryBytesMax is { } memory ? MemoryLeft(memory, host.ByteCount) : options.KvBytesMax,
            SessionCountMax = SessionCountMax ?? options.SessionCountMax,
            DeviceSessionCountMax = DeviceLimits.SessionCountMax,
            DeviceTokenCountMax = DeviceLimits.TokenCountMax,
            LeaveTimeMax = DrainTimeMax ?? options.LeaveTimeMax,
        });
    }

    private static long MemoryLeft(long memory, long weights) => memory > weights
        ? memory - weights
        : throw new UserErrorException(UserErrorKind.Memory, $"--{NodeSettings.Memory.Name}", $"more than the {weights} bytes of the weights", $"{memory} bytes", "Allow more, or quantize the weights with --back-bits.");
}
