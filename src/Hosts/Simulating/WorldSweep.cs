using SplitActors.Simulation.Cluster;

namespace SplitActors.Hosts.Simulating;

/// <summary>What many small worlds came to.</summary>
/// <param name="Violations">The first ones, by seed.</param>
/// <param name="TraceHash">Over those of all worlds, in the order of their seeds.</param>
internal sealed record WorldSweepReport(
    ulong FirstSeed, int WorldCount, long SessionCount, long TokenCount, long MessageCount, long FailoverCount, HedgeCounts Hedges, long MoveCount, IReadOnlyList<(ulong Seed, string What)> Violations, ulong TraceHash);

/// <summary>Runs the worlds of neighbouring seeds on all processors.</summary>
internal static class WorldSweep
{
    private const int ViolationsMax = 10;

    /// <param name="progress">Told how many are done, from any thread.</param>
    /// <param name="cancellation">Ends the sweep by an exception.</param>
    public static WorldSweepReport Run(ulong firstSeed, int worldCount, Action<int> progress, CancellationToken cancellation)
    {
        var reports = new (ulong TraceHash, string? Violation)[worldCount];
        long sessions = 0, tokens = 0, messages = 0, failovers = 0, moves = 0;
        HedgeCounts hedges = default;
        var (done, gate) = (0, new Lock());
        Parallel.For(0, worldCount, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, index =>
        {
            using var simulation = new ClusterSimulation(ClusterWorlds.Draw(firstSeed + (ulong)index));
            var report = simulation.Run();
            reports[index] = (report.TraceHash, report.Violation);
            Interlocked.Add(ref sessions, report.SessionCount);
            Interlocked.Add(ref tokens, report.TokenCount);
            Interlocked.Add(ref messages, report.MessageCount);
            Interlocked.Add(ref failovers, report.FailoverCount);
            Interlocked.Add(ref moves, report.MoveCount);
            lock (gate)
                hedges += report.Hedges;
            progress(Interlocked.Increment(ref done));
        });
        var violations = reports.Select((report, index) => (Seed: firstSeed + (ulong)index, report.Violation)).Where(report => report.Violation is not null);
        return new WorldSweepReport(
            firstSeed, worldCount, sessions, tokens, messages, failovers, hedges, moves,
            [.. violations.Take(ViolationsMax).Select(report => (report.Seed, report.Violation!))],
            reports.Aggregate(0ul, (hash, report) => (ulong.RotateLeft(hash, 7) * 0x9E3779B97F4A7C15) ^ report.TraceHash));
    }
}
