using System.CommandLine;
using System.CommandLine.Parsing;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors run</c> is asked to do, all sources merged. What only the model can settle is still open.</summary>
internal sealed record RunOptions
{
    private const int TokensMax = 1 << 24;
    private const int WorkersMax = 64;

    /// <summary>Those that <see cref="KvFormat"/> has.</summary>
    internal static readonly int[] KvBits = [32, 16, 8, 4];

    public required string? Prompt { get; init; }

    public required string Model { get; init; }

    public required ExecutionMode? Mode { get; init; }

    /// <summary>Null: a package's, else half of the layers; or the scheduler plans.</summary>
    public required int? SplitLayer { get; init; }

    /// <summary>The scheduler plans, unless the model is a package.</summary>
    public required bool IsPlanned { get; init; }

    public required RunPlanning Planning { get; init; }

    /// <summary>Where the split layer was given, for messages.</summary>
    public required string SplitPlace { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>Changes the model's own sampling options to what was asked for.</summary>
    public required Func<SamplingOptions, SamplingOptions> Sampling { get; init; }

    public required RunCompression Compression { get; init; }

    public required ServingOptions Serving { get; init; }

    public required int WorkerCount { get; init; }

    public required int? StopWorkerAt { get; init; }

    public required RunMoves Moves { get; init; }

    /// <summary>Null: none is emulated.</summary>
    public required LinkText? Link { get; init; }

    public required bool Json { get; init; }

    public required bool Quiet { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range.</exception>
    public static RunOptions Read(ParseResult parsed)
    {
        var named = new SettingReader(parsed, config: null).Find(RunSettings.Config);
        var settings = new SettingReader(parsed, ConfigFile.Read(named, "run.json", RunSettings.All));
        var link = settings.Find(RunSettings.Link) is var (linkText, linkPlace) ? LinkText.Parse(linkText, linkPlace) : null;
        var deadline = settings.Parse<TimeSpan>(RunSettings.Deadline, "a time for each token above 0 such as 50ms/token", DeadlineText.Parse);
        var moves = RunMoves.Read(settings);
        var stopWorkerAt = settings.Integer(RunSettings.StopWorkerAt, 1, TokensMax);
        var workerCountMin = stopWorkerAt is null ? 1 : 2; // another one must take over
        var compression = RunCompression.Read(settings);
        var isPlanned = settings.IsAuto(RunSettings.Split);
        var planning = RunPlanning.Read(settings, isPlanned);
        var mode = settings.Parse<ExecutionMode>(RunSettings.Mode, "split, cloud, device or handoff", ParseMode);
        if (isPlanned && mode is not null)
            throw SettingReader.Wrong(settings.PlaceOf(RunSettings.Mode), "nothing beside --split auto, which chooses the mode", $"{mode}".ToLowerInvariant());
        if (link is null && moves.Relink is { Link: var relink })
            throw SettingReader.Wrong(settings.PlaceOf(RunSettings.RelinkAt), "a --link before it", relink.Text);
        return new RunOptions
        {
            Prompt = ReadPrompt(parsed),
            Model = settings.Text(RunSettings.Model) ?? EmbeddedModel.Folder,
            Mode = mode,
            IsPlanned = isPlanned,
            Planning = planning,
            SplitLayer = settings.LayersOrAuto(RunSettings.Split),
            SplitPlace = settings.PlaceOf(RunSettings.Split),
            MaxTokens = settings.Integer(RunSettings.MaxTokens, 1, TokensMax) ?? 128,
            Sampling = ReadSampling(settings),
            Compression = compression,
            Serving = ReadServing(settings, planning, isPlanned) with
            {
                Predicts = compression.Predicts,
                Link = link?.Profile,
                LinkSeed = link?.Seed ?? 0,
                Deadline = deadline,
                FallsBack = moves.FallsBack,
                FallbackAfter = moves.FallbackAfter,
                Handoff = moves.Handoff,
            },
            WorkerCount = settings.Integer(RunSettings.Workers, workerCountMin, WorkersMax) ?? workerCountMin,
            StopWorkerAt = stopWorkerAt,
            Moves = moves,
            Link = link,
            Json = settings.IsOn(RunSettings.Json),
            Quiet = settings.IsOn(RunSettings.Quiet),
        };
    }

    /// <summary>The plan for a model, null where the scheduler makes it, and the calibration that it goes by, if the model has one.</summary>
    /// <exception cref="UserErrorException">Mode and split layer contradict each other or the model, or the calibration is damaged or lacks what was asked for.</exception>
    public (FixedPlan? Plan, ModelCalibration? Calibration) PlanFor(Checkpoint checkpoint)
    {
        if (IsPlanned && checkpoint.Quantization is null)
            return (null, Compression.Codec == FrameCodec.None ? null : ModelCalibration.TryOpen(checkpoint));
        var (mode, splitLayer) = PlacementFor(checkpoint);
        if (Moves.Resplits.FirstOrDefault(resplit => resplit.SplitLayer > checkpoint.Config.LayerCount) is { AtToken: > 0 } wrong)
            throw SettingReader.Wrong("--resplit-at", $"0 to {checkpoint.Config.LayerCount} layers", $"{wrong.AtToken}:{wrong.SplitLayer}");
        int[] splits = [splitLayer, .. Moves.SplitLayers];
        var isCalibrated = Compression.Codec != FrameCodec.None && splits.Any(split => ModeFor(split, checkpoint.Config.LayerCount) == ExecutionMode.Split);
        var calibration = isCalibrated ? ModelCalibration.TryOpen(checkpoint, splits.Length == 1 ? splitLayer : null) : null;
        return (PlanFor(mode, splitLayer, calibration), calibration);
    }

    /// <summary>The plan of a session that goes on with another split.</summary>
    public FixedPlan PlanFor(int splitLayer, ModelCalibration? calibration, ModelConfig config) =>
        PlanFor(ModeFor(splitLayer, config.LayerCount), splitLayer, calibration);

    private FixedPlan PlanFor(ExecutionMode mode, int splitLayer, ModelCalibration? calibration) =>
        new(mode, splitLayer, SendsHiddenStates(mode, splitLayer) ? Compression.For(calibration?.For(splitLayer)) : CompressionOptions.Lossless);

    private static bool SendsHiddenStates(ExecutionMode mode, int splitLayer) =>
        mode == ExecutionMode.Split || (mode == ExecutionMode.Handoff && splitLayer > 0);

    /// <summary>Where no split is asked for, an OPSC package is split where its files are.</summary>
    private (ExecutionMode Mode, int SplitLayer) PlacementFor(Checkpoint checkpoint)
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

        if (mode != ExecutionMode.Handoff && Moves.Handoff != new HandoffServing())
            throw new UserErrorException(UserErrorKind.Options, "--handoff-tokens, --handoff-deadline, --handoff-kv", "them only with --mode handoff", $"mode {mode.ToString().ToLowerInvariant()}", "Leave them out.");
        if (mode == ExecutionMode.Device && StopWorkerAt is { } count)
            throw SettingReader.Wrong("--stop-worker-at", "nothing in device mode, which has no worker", $"{count}");
        if (mode == ExecutionMode.Device && Link is { } link)
            throw SettingReader.Wrong("--link", "nothing in device mode, which has no link", link.Text);
        return (mode, splitLayer);
    }

    /// <summary>What looks like an option is a mistyped one, and no text to continue, unless it stands after "--".</summary>
    private static string? ReadPrompt(ParseResult parsed)
    {
        var prompt = parsed.GetValue(RunSettings.Prompt);
        if (prompt is ['-', _, ..] && !parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash))
        {
            throw new UserErrorException(
                UserErrorKind.Options, "Command line", "a known option", $"'{prompt}'", "Run `splitactors run --help`; put a prompt that begins with '-' after --.");
        }

        return prompt;
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

    private static ServingOptions ReadServing(SettingReader settings, RunPlanning planning, bool isPlanned)
    {
        var groupSize = settings.OneOf(RunSettings.GroupSize, WeightFormat.SupportedGroupSizes) ?? WeightFormat.GroupSizeDefault;
        return new ServingOptions
        {
            ThreadCount = settings.Integer(RunSettings.Threads, 1, Environment.ProcessorCount) ?? Environment.ProcessorCount,
            KvFormat = planning.KeyValues[0],
            FrontFormat = isPlanned || planning.FrontWeights.Count == 0 ? null : planning.FrontWeights[0],
            BackFormat = settings.OneOf(RunSettings.BackBits, WeightFormat.SupportedBits) is { } backBits ? WeightFormat.Of(backBits, groupSize) : null,
        };
    }

    private static Func<SamplingOptions, SamplingOptions> ReadSampling(SettingReader settings)
    {
        var temperature = settings.Number(RunSettings.Temperature, "a number of at least 0", value => value >= 0);
        var topK = settings.Integer(RunSettings.TopK, 0, int.MaxValue);
        var topP = settings.Number(RunSettings.TopP, "a number above 0 and at most 1", value => value is > 0 and <= 1);
        var minP = settings.Number(RunSettings.MinP, "a number from 0 to 1", value => value is >= 0 and <= 1);
        var penalty = settings.Number(RunSettings.RepetitionPenalty, "a number above 0", value => value > 0);
        var seed = settings.Unsigned(RunSettings.Seed);
        return model => model with
        {
            Temperature = (float?)temperature ?? model.Temperature,
            TopK = topK ?? model.TopK,
            TopP = (float?)topP ?? model.TopP,
            MinP = (float?)minP ?? model.MinP,
            RepetitionPenalty = (float?)penalty ?? model.RepetitionPenalty,
            Seed = seed ?? model.Seed,
        };
    }
}
