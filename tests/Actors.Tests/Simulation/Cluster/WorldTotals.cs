using SplitActors.Simulation.Cluster;

namespace SplitActors.Actors.Tests.Simulation.Cluster;

/// <summary>What many worlds came to; shows that they were bad enough to prove something. Thread-safe.</summary>
internal sealed class WorldTotals
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>With their seeds.</summary>
    public SortedDictionary<ulong, string> Violations { get; } = [];

    public void Add(ulong seed, ClusterReport report)
    {
        lock (_lock)
        {
            if (report.Violation is { } violation)
                Violations[seed] = violation;
            Count("worlds", 1);
            Count("sessions", report.SessionCount);
            Count("tokens", report.TokenCount);
            Count("messages", report.MessageCount);
            Count("failovers", report.FailoverCount);
            Count("moved", report.MoveCount);
            Count("dropped", report.MessageFaults.Dropped);
            Count("duplicated", report.MessageFaults.Duplicated);
            Count("delayed", report.MessageFaults.Delayed);
            Count("reordered", report.MessageFaults.Reordered);
            Count("verdicts", report.Verdicts.Kept + report.Verdicts.Degraded + report.Verdicts.Missed);
            foreach (var (name, count) in report.Disturbances)
                Count(name, count);
            foreach (var (reason, count) in report.Ends)
                Count($"ended by {reason}", count);
        }
    }

    public void AssertThatAllHappened(ulong worldCount)
    {
        string[] needed = ["worker crashes", "worker drains", "evictions", "device crashes", "scheduler crashes", "scheduler takeovers", "partitions", "slow phases", "moved", "failovers", "dropped", "duplicated", "delayed", "reordered", "verdicts"];
        Assert.All(needed, name => Assert.True(_counts.GetValueOrDefault(name) >= (long)worldCount / 20, $"{name}: {_counts.GetValueOrDefault(name)} in {worldCount} worlds"));
    }

    public override string ToString() => string.Join(", ", _counts.Select(count => $"{count.Value} {count.Key}"));

    private void Count(string name, long count) => _counts[name] = _counts.GetValueOrDefault(name) + count;
}
