using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Hosts.Planning;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Planning.Accuracy;

namespace SplitActors.Hosts.Cli;

/// <summary>Where sessions are asked to run, and as what hidden states travel. What only the model can settle is still open.</summary>
internal sealed record Placement
{
    public required ExecutionMode? Mode { get; init; }

    /// <summary>Null: a package's, else half of the layers; or the scheduler plans.</summary>
    public required int? SplitLayer { get; init; }

    /// <summary>The scheduler plans, unless the model is a package.</summary>
    public required bool IsPlanned { get; init; }

    /// <summary>Where the split layer was given, for messages.</summary>
    public required string SplitPlace { get; init; }

    public required RunCompression Compression { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static Placement Read(SettingReader settings)
    {
        var isPlanned = settings.IsAuto(RunSettings.Split);
        var mode = settings.Parse<ExecutionMode>(RunSettings.Mode, "split, cloud, device or handoff", ParseMode);
        if (isPlanned && mode is not null)
            throw SettingReader.Wrong(settings.PlaceOf(RunSettings.Mode), "nothing beside --split auto, which chooses the mode", $"{mode}".ToLowerInvariant());
        return new Placement
        {
            Mode = mode,
            SplitLayer = settings.LayersOrAuto(RunSettings.Split),
            IsPlanned = isPlanned,
            SplitPlace = settings.PlaceOf(RunSettings.Split),
            Compression = RunCompression.Read(settings),
        };
    }

    /// <summary>The plan for a model, null where the scheduler makes it, and the calibration that it goes by, if the model has one.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="laterSplits">That a session may come to have.</param>
    /// <exception cref="UserErrorException">Mode and split layer contradict each other or the model, or the calibration is damaged or lacks what was asked for.</exception>
    public (FixedPlan? Plan, ModelCalibration? Calibration) PlanFor(Checkpoint checkpoint, params IEnumerable<int> laterSplits)
    {
        if (IsPlanned && checkpoint.Quantization is null)
            return (null, Compression.Codec == FrameCodec.None ? null : ModelCalibration.TryOpen(checkpoint));
        var (mode, splitLayer) = SettleFor(checkpoint);
        int[] splits = [splitLayer, .. laterSplits];
        var isCalibrated = Compression.Codec != FrameCodec.None && splits.Any(split => ModeFor(split, checkpoint.Config.LayerCount) == ExecutionMode.Split);
        var calibration = isCalibrated ? ModelCalibration.TryOpen(checkpoint, splits.Length == 1 ? splitLayer : null) : null;
        return (PlanFor(mode, splitLayer, calibration), calibration);
    }

    /// <summary>The plan of a session that goes on with another split.</summary>
    public FixedPlan PlanFor(int splitLayer, ModelCalibration? calibration, ModelConfig config) =>
        PlanFor(ModeFor(splitLayer, config.LayerCount), splitLayer, calibration);

    /// <summary>Plans for each device.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="calibration">Null for none.</param>
    /// <param name="figures">What bits cost in accuracy; null: not measured.</param>
    public SessionPlanner PlannerFor(Checkpoint checkpoint, ModelCalibration? calibration, AccuracyFigures? figures)
    {
        var config = checkpoint.Config;
        var accuracy = new AdditiveAccuracy(config.LayerCount, figures, Compression.Quality ?? QualityTarget.Default, calibration);
        return new SessionPlanner
        {
            Config = config,
            Traffic = HiddenStateSizes.Of(config.LayerCount, config.HiddenSize, calibration, accuracy, Compression.For).Traffic,
            Accuracy = accuracy,
            CompressionOf = splitLayer => Compression.For(calibration?.For(splitLayer)),
            CalibrationId = calibration?.Id ?? 0,
            Stored = StoredSizes.Of(checkpoint),
        };
    }

    private FixedPlan PlanFor(ExecutionMode mode, int splitLayer, ModelCalibration? calibration) =>
        new(mode, splitLayer, SendsHiddenStates(mode, splitLayer) ? Compression.For(calibration?.For(splitLayer)) : CompressionOptions.Lossless);

    private static bool SendsHiddenStates(ExecutionMode mode, int splitLayer) =>
        mode == ExecutionMode.Split || (mode == ExecutionMode.Handoff && splitLayer > 0);

    /// <summary>Where no split is asked for, an OPSC package is split where its files are.</summary>
    private (ExecutionMode Mode, int SplitLayer) SettleFor(Checkpoint checkpoint)
    {
        var layerCount = checkpoint.Config.LayerCount;
        var packageSplit = checkpoint.Quantization?.SplitLayer;
        if (SplitLayer > layerCount)
            throw SettingReader.Wrong(SplitPlace, $"0 to {layerCount} layers, or auto", $"{SplitLayer}");
        var mode = Mode ?? ModeFor(SplitLayer ?? packageSplit, layerCount);
        var splitLayer = mode switch
        {
            ExecutionMode.Cloud => SplitLayer ?? 0,
            ExecutionMode.Device => SplitLayer ?? layerCount,
            _ => SplitLayer ?? packageSplit ?? Math.Max(1, layerCount / 2),
        };
        var (lowest, highest) = mode switch
        {
            ExecutionMode.Cloud => (0, 0),
            ExecutionMode.Device => (layerCount, layerCount),
            ExecutionMode.Handoff => (0, layerCount - 1),
            _ => (1, layerCount - 1),
        };
        if (splitLayer < lowest || splitLayer > highest)
        {
            var range = lowest == highest ? $"{lowest}" : $"{lowest} to {highest}";
            throw SettingReader.Wrong(SplitPlace, $"{range} of {layerCount} layers in {mode.ToString().ToLowerInvariant()} mode", $"{splitLayer}");
        }

        return (mode, splitLayer);
    }

    private static ExecutionMode ModeFor(int? splitLayer, int layerCount) => splitLayer switch
    {
        null when layerCount < 2 => ExecutionMode.Device,
        0 => ExecutionMode.Cloud,
        { } layer when layer == layerCount => ExecutionMode.Device,
        _ => ExecutionMode.Split,
    };

    private static ExecutionMode? ParseMode(string text) => text switch
    {
        "split" => ExecutionMode.Split,
        "cloud" => ExecutionMode.Cloud,
        "device" => ExecutionMode.Device,
        "handoff" => ExecutionMode.Handoff,
        _ => null,
    };
}
