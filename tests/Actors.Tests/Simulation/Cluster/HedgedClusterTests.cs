using SplitActors.Simulation;
using SplitActors.Simulation.Cluster;
using Xunit.Abstractions;

namespace SplitActors.Actors.Tests.Simulation.Cluster;

/// <summary>What hedges are for, and what they must not do, in whole clusters in virtual time.</summary>
public sealed class HedgedClusterTests(ITestOutputHelper output)
{
    private const int PairCount = 40;
    private const double WorkRatioMax = 1.15;

    [Fact]
    public void FrozenWorkers_DelayTheirSessions_ByASecond()
    {
        using var simulation = new ClusterSimulation(new ClusterOptions
        {
            DeviceCount = 24,
            WorkerCount = 6,
            Duration = TimeSpan.FromMinutes(5),
            ThinkTimeMax = TimeSpan.FromSeconds(2),
            GeneratedTokensMin = 64,
            GeneratedTokensMax = 128,
            Faults = new ClusterFaults { FreezeEvery = TimeSpan.FromSeconds(8), FreezeMax = TimeSpan.FromSeconds(10) },
        });
        var report = simulation.Run();

        output.WriteLine($"{report.FailoverCount} workers replaced, recovery {report.RecoveryMs}, hedges {report.Hedges}");
        Assert.Null(report.Violation);
        Assert.InRange(report.Hedges.Won, 50, int.MaxValue);
        Assert.InRange(report.RecoveryMs.P50, 0, 1000);
        Assert.InRange(report.RecoveryMs.P99, 0, 2500);
    }

    /// <summary>The same clusters with and without hedges; more sessions than places, a bad network, and workers that freeze.</summary>
    [Fact]
    public void Overload_WithHedges_AddsLittleWork()
    {
        var (with, without) = (Run(hedges: true), Run(hedges: false));
        output.WriteLine($"with hedges {with}, without {without}: {with.RowsPerToken / without.RowsPerToken:F3} times the work");
        Assert.True(with.Hedges > 0, "there were no hedges");
        Assert.Equal(0, without.Hedges);
        Assert.InRange(with.RowsPerToken / without.RowsPerToken, 0, WorkRatioMax);
    }

    private static (double RowsPerToken, long Hedges) Run(bool hedges)
    {
        long rows = 0, tokens = 0, opened = 0;
        for (var seed = 1ul; seed <= PairCount; seed++)
        {
            using var simulation = new ClusterSimulation(Overloaded(seed, hedges));
            var report = simulation.Run();
            Assert.Null(report.Violation);
            (rows, tokens, opened) = (rows + report.WorkerRowCount, tokens + report.TokenCount, opened + report.Hedges.Opened);
        }

        return ((double)rows / tokens, opened);
    }

    private static ClusterOptions Overloaded(ulong seed, bool hedges)
    {
        var random = new SplitMix64(seed);
        var places = 4 + random.Next(3);
        return new ClusterOptions
        {
            Seed = seed,
            DeviceCount = 16,
            WorkerCount = 3,
            Duration = TimeSpan.FromSeconds(20),
            SessionsPerDevice = 2,
            ThinkTimeMax = TimeSpan.FromSeconds(2),
            PromptTokensMax = 48,
            GeneratedTokensMin = 32,
            GeneratedTokensMax = 64,
            Faults = new ClusterFaults
            {
                Network = new NetworkFaults { DropRate = random.Next(6) / 100.0, DelayRate = 0.3, DelayMax = TimeSpan.FromMilliseconds(300) },
                FreezeEvery = TimeSpan.FromSeconds(2),
                FreezeMax = TimeSpan.FromSeconds(3),
                SlowEvery = TimeSpan.FromSeconds(1),
                PartitionEvery = TimeSpan.FromSeconds(2),
                PartitionMax = TimeSpan.FromSeconds(2),
            },
            Edge = edge => edge with
            {
                LinkReportPeriod = TimeSpan.FromSeconds(1),
                ChunkTokensMax = 6,
                AttemptsMax = 32,
                SchedulerAttemptsMax = 32,
                FailoversMax = 256,
                RefusedTimeMax = TimeSpan.FromHours(1),
            },
            Scheduler = scheduler => scheduler with { HedgePause = hedges ? scheduler.HedgePause : null },
            Worker = (worker, _) => worker with { SessionCountMax = places, DeviceSessionCountMax = places, BatchRowsMax = 6, PromptRowsMax = 6 },
        };
    }
}
