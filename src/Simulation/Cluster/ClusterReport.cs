using SplitActors.Actors.Edge;

namespace SplitActors.Simulation.Cluster;

/// <summary>What a simulated cluster did. Times are virtual.</summary>
public sealed record ClusterReport
{
    public required ulong Seed { get; init; }

    /// <summary>The first thing that must never happen, with place and time; null: none did.</summary>
    public required string? Violation { get; init; }

    /// <summary>Order-sensitive over all messages and events: equal for equal runs.</summary>
    public required ulong TraceHash { get; init; }

    public required TimeSpan Elapsed { get; init; }

    public required int SessionCount { get; init; }

    public required IReadOnlyDictionary<EndReason, int> Ends { get; init; }

    /// <summary>Sessions whose device crashed.</summary>
    public required int CrashedCount { get; init; }

    /// <summary>Of the sessions that ended.</summary>
    public required long TokenCount { get; init; }

    public required int FailoverCount { get; init; }

    /// <summary>Of the tokens that were published; rows are those that were replayed for them.</summary>
    public required HedgeCounts Hedges { get; init; }

    public required int MoveCount { get; init; }

    public required (long Kept, long Degraded, long Missed) Verdicts { get; init; }

    public required LatencyPercentiles TtftMs { get; init; }

    public required LatencyPercentiles TpotMs { get; init; }

    /// <summary>Of tokens for which a worker was replaced: from the one before.</summary>
    public required LatencyPercentiles RecoveryMs { get; init; }

    /// <summary>Time of all batches of all workers.</summary>
    public required TimeSpan WorkerTime { get; init; }

    /// <summary>Tokens that workers sampled.</summary>
    public required long WorkerTokenCount { get; init; }

    /// <summary>Tokens through workers' layers, prompts and replays included.</summary>
    public required long WorkerRowCount { get; init; }

    /// <summary>Share of the time in which each worker computed.</summary>
    public required IReadOnlyList<double> WorkerBusyShares { get; init; }

    public required long MessageCount { get; init; }

    /// <summary>Messages that were lost, repeated, delayed or overtaken.</summary>
    public required (long Dropped, long Duplicated, long Delayed, long Reordered) MessageFaults { get; init; }

    /// <summary>Crashes, partitions, slow phases and moves.</summary>
    public required IReadOnlyDictionary<string, int> Disturbances { get; init; }
}

/// <summary>What hedges came to.</summary>
public readonly record struct HedgeCounts(long Opened, long Won, long Lost, long Rows)
{
    public static HedgeCounts operator +(HedgeCounts a, HedgeCounts b) => new(a.Opened + b.Opened, a.Won + b.Won, a.Lost + b.Lost, a.Rows + b.Rows);

    internal static HedgeCounts Of(TokenBill bill) => new(bill.HedgeCount, bill.HedgeWonCount, bill.HedgeLostCount, bill.HedgeRowCount);
}

/// <summary>By nearest rank; 0 of nothing.</summary>
public readonly record struct LatencyPercentiles(double P50, double P95, double P99)
{
    internal static LatencyPercentiles Of(List<long> microseconds)
    {
        microseconds.Sort();
        return new(At(0.50), At(0.95), At(0.99));

        double At(double share) => microseconds.Count == 0 ? 0 : NearestRank.At(microseconds, share) / 1e3;
    }
}
