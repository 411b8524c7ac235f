using SplitActors.Actors.Protocol;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a scheduler must know of its model to plan for each device (<see cref="Planner"/>).</summary>
public sealed record SessionPlanner
{
    public required ModelConfig Config { get; init; }

    /// <summary>Bytes on the link.</summary>
    public required TokenTraffic Traffic { get; init; }

    public required IAccuracyModel Accuracy { get; init; }

    /// <summary>Codec and settings of a session that is split after so many layers.</summary>
    public required Func<int, CompressionOptions> CompressionOf { get; init; }

    /// <summary>That frames need; 0: none.</summary>
    public ulong CalibrationId { get; init; }

    /// <summary>Bytes of what is not quantized; null: 2 for each weight.</summary>
    public StoredSizes? Stored { get; init; }

    /// <summary>Weighs all splits that a worker can serve, and both ends alone.</summary>
    /// <param name="needs">Of the device.</param>
    /// <param name="worker">Null: the device alone.</param>
    /// <param name="firstLayer">Of the worker.</param>
    /// <param name="deadlineSeconds">For each token, at worst; +∞ for none.</param>
    public Inference.Planning.Selection.Plan Decide(SessionNeeds needs, WorkerSituation? worker, int firstLayer, double deadlineSeconds) =>
        Planner.Decide(ProblemOf(needs, worker, firstLayer, deadlineSeconds), Accuracy);

    /// <summary>Mode, split, formats and compression of a choice.</summary>
    public FixedPlan PlanOf(SplitChoice choice)
    {
        var mode = choice.SplitLayer == 0 ? ExecutionMode.Cloud : choice.SplitLayer == Config.LayerCount ? ExecutionMode.Device : ExecutionMode.Split;
        var compression = mode == ExecutionMode.Split ? CompressionOf(choice.SplitLayer) : CompressionOptions.Lossless;
        return new FixedPlan(mode, choice.SplitLayer, compression) { Front = choice.SplitLayer == 0 ? null : (choice.FrontWeights, choice.FrontKv) };
    }

    private PlanningProblem ProblemOf(SessionNeeds needs, WorkerSituation? worker, int firstLayer, double deadlineSeconds) => new()
    {
        Config = Config,
        DeviceLoad = new DeviceLoad
        {
            TokenCountMax = Math.Min(needs.TokenCountMax, Config.ContextLength),
            ChunkRows = needs.ChunkRows,
            ThreadCount = needs.ThreadCount,
            ReplayBytesPerToken = Traffic.HiddenStateBytes.DefaultIfEmpty(0).Max(),
            Stored = Stored,
        },
        Device = needs.Device.Scaled(needs.Slowdown),
        Worker = worker,
        SplitLayerMin = firstLayer,
        Uplink = needs.Uplink,
        Downlink = needs.Downlink,
        Traffic = Traffic,
        PromptTokens = needs.PromptCount,
        FrontWeights = [.. needs.Device.Formats.Keys.Select(format => format.Weights).Distinct()],
        FrontKv = [.. needs.Device.Formats.Keys.Select(format => format.Kv).Distinct()],
        MemoryBytesMax = needs.MemoryBytesMax,
        PerplexityRiseMax = needs.PerplexityRiseMax,
        DeadlineSeconds = deadlineSeconds,
    };
}
