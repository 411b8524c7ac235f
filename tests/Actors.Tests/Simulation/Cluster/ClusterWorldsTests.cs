using SplitActors.Simulation.Cluster;
using Xunit.Abstractions;

namespace SplitActors.Actors.Tests.Simulation.Cluster;

/// <summary>Many small clusters, each drawn from its seed. SIMULATED_CLUSTERS in the environment asks for more. A failure names its seed.</summary>
public sealed class ClusterWorldsTests(ITestOutputHelper output)
{
    private const ulong WorldCountDefault = 5000;

    private static readonly ulong WorldCount =
        ulong.TryParse(Environment.GetEnvironmentVariable("SIMULATED_CLUSTERS"), out var count) ? count : WorldCountDefault;

    [Fact]
    public void Worlds_WhateverGoesWrong_KeepAllInvariants()
    {
        var totals = new WorldTotals();
        Parallel.For(1, (long)WorldCount + 1, seed =>
        {
            using var simulation = new ClusterSimulation(ClusterWorlds.Draw((ulong)seed));
            totals.Add((ulong)seed, simulation.Run());
        });

        output.WriteLine(totals.ToString());
        Assert.True(totals.Violations.Count == 0, string.Join("\n", totals.Violations.Select(violation => $"Seed {violation.Key}: {violation.Value}")));
        totals.AssertThatAllHappened(WorldCount);
    }
}
