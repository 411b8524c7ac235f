using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Scheduling;

/// <summary>
/// What batches take on a worker: a line through what it measured at its start, scaled by what its batches have taken since.
/// </summary>
/// <param name="PassUs">Microseconds of a batch, whatever its tokens.</param>
/// <param name="RowUs">Microseconds for each token.</param>
/// <param name="Slowdown">Measured over predicted: rises at once, and falls slowly.</param>
/// <param name="BatchRowsMax">Most tokens of a batch.</param>
public sealed record WorkerSpeed(double PassUs, double RowUs, double Slowdown, int BatchRowsMax)
{
    /// <summary>A prompt's chunk that shares a batch with tokens of other sessions.</summary>
    private const int PromptRows = 64;

    private const double Kept = 0.8; // of a slowdown that is no longer seen, at each report
    private const double SlowdownLeast = 0.1; // either way; beyond, a worker does not know itself
    private const double SlowdownMost = 1000;

    public static WorkerSpeed Unknown { get; } = new(0, 0, 1, 1);

    public static WorkerSpeed Of(WorkerProfile? profile) => profile is null
        ? Unknown
        : new WorkerSpeed(profile.PassUs, profile.RowUs, 1, (int)Math.Clamp(profile.BatchRowsMax, 1, int.MaxValue));

    /// <summary>Microseconds of a batch.</summary>
    public double BatchUs(int rowCount) => Slowdown * (PassUs + (RowUs * rowCount));

    /// <summary>
    /// Microseconds that a token's step takes at worst, from arrival to answer: alone a batch of its own; with others first the batch that runs, and then one
    /// that it shares, in each of which they all have a token and one of them a chunk of a prompt.
    /// </summary>
    /// <param name="sessionCount">With this one; at least 1.</param>
    public double StepUsWorst(int sessionCount) => sessionCount == 1 ? BatchUs(1) : 2 * BatchUs(Math.Min(BatchRowsMax, sessionCount + PromptRows));

    /// <summary>Corrects the line by what a worker computed between two reports; a worker that started anew counts from 0.</summary>
    public WorkerSpeed After(WorkerStatus? earlier, WorkerStatus later)
    {
        var batches = Since(earlier?.BatchCount, later.BatchCount);
        var rows = Since(earlier?.RowsComputed, later.RowsComputed);
        var computeUs = Since(earlier?.ComputeUsSum, later.ComputeUsSum);
        if (batches == 0 || computeUs == 0)
            return this;
        if (PassUs + RowUs == 0)
            return this with { PassUs = computeUs / batches };
        var ratio = Math.Clamp(computeUs / Math.Max(1, (batches * PassUs) + (rows * RowUs)), SlowdownLeast, SlowdownMost);
        return this with { Slowdown = Math.Max(ratio, (Kept * Slowdown) + ((1 - Kept) * ratio)) };
    }

    private static double Since(ulong? earlier, ulong later) => earlier is { } before && before <= later ? later - before : later;
}
