using System.CommandLine;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
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

    public required Placement Placement { get; init; }

    public required RunPlanning Planning { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>Changes the model's own sampling options to what was asked for.</summary>
    public required Func<SamplingOptions, SamplingOptions> Sampling { get; init; }

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
        var settings = SettingReader.WithFile(parsed, RunSettings.Config, "run", RunSettings.All, isMember: false);
        var link = settings.Find(RunSettings.Link) is var (linkText, linkPlace) ? LinkText.Parse(linkText, linkPlace) : null;
        var deadline = settings.Parse<TimeSpan>(RunSettings.Deadline, "a time for each token above 0 such as 50ms/token", DeadlineText.Parse);
        var moves = RunMoves.Read(settings);
        var stopWorkerAt = settings.Integer(RunSettings.StopWorkerAt, 1, TokensMax);
        var workerCountMin = stopWorkerAt is null ? 1 : 2; // another one must take over
        var placement = Placement.Read(settings);
        var planning = RunPlanning.Read(settings, placement.IsPlanned);
        if (link is null && moves.Relink is { Link: var relink })
            throw SettingReader.Wrong(settings.PlaceOf(RunSettings.RelinkAt), "a --link before it", relink.Text);
        return new RunOptions
        {
            Prompt = PromptReader.Find(parsed, RunCommand.Name),
            Model = settings.Text(RunSettings.Model) ?? EmbeddedModel.Folder,
            Placement = placement,
            Planning = planning,
            MaxTokens = settings.Integer(RunSettings.MaxTokens, 1, TokensMax) ?? 128,
            Sampling = SamplingSettings.Read(settings),
            Serving = ReadServing(settings, planning, placement.IsPlanned) with
            {
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
    /// <exception cref="UserErrorException">Options contradict each other or the model, or the calibration is damaged or lacks what was asked for.</exception>
    public (FixedPlan? Plan, ModelCalibration? Calibration) PlanFor(Checkpoint checkpoint)
    {
        var (plan, calibration) = Placement.PlanFor(checkpoint, Moves.SplitLayers);
        if (plan is not null)
            RequireSense(plan.Mode, checkpoint.Config.LayerCount);
        return (plan, calibration);
    }

    private void RequireSense(ExecutionMode mode, int layerCount)
    {
        if (Moves.Resplits.FirstOrDefault(resplit => resplit.SplitLayer > layerCount) is { AtToken: > 0 } wrong)
            throw SettingReader.Wrong("--resplit-at", $"0 to {layerCount} layers", $"{wrong.AtToken}:{wrong.SplitLayer}");
        if (mode != ExecutionMode.Handoff && Moves.Handoff != new HandoffServing())
            throw new UserErrorException(UserErrorKind.Options, "--handoff-tokens, --handoff-deadline, --handoff-kv", "them only with --mode handoff", $"mode {mode.ToString().ToLowerInvariant()}", "Leave them out.");
        if (mode == ExecutionMode.Device && StopWorkerAt is { } count)
            throw SettingReader.Wrong("--stop-worker-at", "nothing in device mode, which has no worker", $"{count}");
        if (mode == ExecutionMode.Device && Link is { } link)
            throw SettingReader.Wrong("--link", "nothing in device mode, which has no link", link.Text);
    }

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
}
