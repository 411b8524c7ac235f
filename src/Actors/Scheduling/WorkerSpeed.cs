using SplitActors.Actors.Protocol;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a worker has to do.</summary>
/// <param name="SessionCount">At least 1.</param>
/// <param name="LayerCount">Of the session with the most layers there.</param>
/// <param name="ContextLength">Tokens of the longest session.</param>
public readonly record struct WorkerLoad(int SessionCount, int LayerCount, long ContextLength);

/// <summary>
/// What batches take on a worker: as its machine's profile has it, scaled by what its batches have taken since.
/// </summary>
/// <param name="Slowdown">Measured over predicted: rises at once, and falls slowly.</param>
/// <param name="BatchRowsMax">Most tokens of a batch.</param>
/// <param name="PromptRowsMax">Of them, those of prompts: a chunk that shares a batch with tokens of other sessions.</param>
public sealed record WorkerSpeed(double Slowdown, int BatchRowsMax, int PromptRowsMax)
{
    /// <summary>Of a worker that does not say.</summary>
    private const int PromptRowsUnknown = 64;

    private const double MicrosecondsPerSecond = 1e6;
    private const double Kept = 0.8; // of a slowdown that is no longer seen, at each report
    private const double SlowdownLeast = 0.1; // either way; beyond, a worker does not know itself
    private const double SlowdownMost = 1000;

    public static WorkerSpeed Unknown { get; } = new(1, 1, 1);

    /// <summary>Null for a worker that was not measured.</summary>
    public MachineProfile? Profile { get; private init; }

    /// <summary>Of the worker's weights, and of its keys and values.</summary>
    public (WeightFormat Weights, KvFormat Kv) Format { get; private init; }

    /// <summary>Mean of the batches of a worker that was not measured.</summary>
    private double BatchUsSeen { get; init; }

    private ComputeProfile? Costs => Profile?.For(Format.Weights, Format.Kv);

    public static WorkerSpeed Of(WorkerProfile? profile)
    {
        if (profile is null)
            return Unknown;
        var promptRowsMax = profile.HasPromptRowsMax ? profile.PromptRowsMax : PromptRowsUnknown;
        var speed = new WorkerSpeed(1, Rows(profile.BatchRowsMax), Rows(promptRowsMax));
        return profile.Costs.ToProfile() is { } costs ? speed with { Profile = costs, Format = costs.Formats.Keys.First() } : speed;
    }

    /// <summary>Microseconds of a batch.</summary>
    public double BatchUs(int rowCount, int layerCount, long contextLength) => Costs is { } costs
        ? Slowdown * MicrosecondsPerSecond * (
            costs.DecodeSeconds(layerCount, contextLength, rowCount) + costs.Wake.Seconds(layerCount) + costs.HeadSeconds(rowCount) + (rowCount * Profile!.Session.DecodeSeconds))
        : BatchUsSeen;

    /// <summary>
    /// Microseconds that a token's step takes at worst, from arrival to answer: alone a batch of its own; with others first the batch that runs, and then one
    /// that it shares, in each of which they all have a token and one of them a chunk of a prompt.
    /// </summary>
    /// <param name="load">With the token's session.</param>
    public double StepUsWorst(WorkerLoad load) => load.SessionCount == 1
        ? BatchUs(1, load.LayerCount, load.ContextLength)
        : 2 * BatchUs(Math.Min(BatchRowsMax, load.SessionCount + PromptRowsMax), load.LayerCount, load.ContextLength);

    /// <summary>
    /// As a planner sees it: on average half a batch of the others is in a token's way, and what waits already. Null if nothing is known of its times.
    /// </summary>
    /// <param name="load">With the session that is planned.</param>
    /// <param name="queuedRows">Tokens that wait.</param>
    public WorkerSituation? SituationFor(WorkerLoad load, long queuedRows)
    {
        if (Costs is not { } costs)
            return null;
        var others = Math.Min(load.SessionCount - 1, BatchRowsMax);
        var queueUs = (others > 0 ? BatchUs(others, load.LayerCount, load.ContextLength) / 2 : 0)
            + (Slowdown * MicrosecondsPerSecond * queuedRows * load.LayerCount * costs.DecodeLayer.RowSeconds);
        return new WorkerSituation(Profile!.Scaled(Slowdown), Format.Weights, Format.Kv, others + 1, queueUs / MicrosecondsPerSecond);
    }

    /// <summary>Corrects the profile by what a worker computed between two reports; a worker that started anew counts from 0.</summary>
    public WorkerSpeed After(WorkerStatus? earlier, WorkerStatus later)
    {
        var batches = Since(earlier?.BatchCount, later.BatchCount);
        var computeUs = Since(earlier?.ComputeUsSum, later.ComputeUsSum);
        if (batches == 0 || computeUs == 0)
            return this;
        if (Costs is not { } costs)
            return this with { BatchUsSeen = computeUs / batches };
        var rows = Since(earlier?.RowsComputed, later.RowsComputed);
        var layers = Since(earlier?.LayersComputed, later.LayersComputed);
        var layerRows = Since(earlier?.LayerRowsComputed, later.LayerRowsComputed);
        var expected = costs.DecodeLayer.Seconds(layerRows, positionCount: 0, layers) + (batches * costs.Wake.PassSeconds) + (layers * costs.Wake.LayerSeconds)
            + costs.Head.Seconds(rows, positionCount: 0, batches) + (rows * Profile!.Session.DecodeSeconds);
        var ratio = Math.Clamp(computeUs / Math.Max(1, expected * MicrosecondsPerSecond), SlowdownLeast, SlowdownMost);
        return this with { Slowdown = Math.Max(ratio, (Kept * Slowdown) + ((1 - Kept) * ratio)) };
    }

    private static int Rows(uint count) => (int)Math.Clamp(count, 1, 1 << 20);

    private static double Since(ulong? earlier, ulong later) => earlier is { } before && before <= later ? later - before : later;
}
