using SplitActors.Simulation.Cluster;
using Xunit.Abstractions;

namespace SplitActors.Actors.Tests.Simulation.Cluster;

/// <summary>The simulation finds what it is there for: with each bug some world breaks an invariant, and soon.</summary>
public sealed class PlantedBugsTests(ITestOutputHelper output)
{
    private const ulong SeedsMax = 3000;

    public static TheoryData<string> Bugs => [.. PlantedBugs.All.Keys];

    [Theory]
    [MemberData(nameof(Bugs))]
    public void Bug_IsCaught(string bug)
    {
        for (var seed = 1ul; seed <= SeedsMax; seed++)
        {
            using var simulation = new ClusterSimulation(ClusterWorlds.Draw(seed), PlantedBugs.All[bug]);
            if (simulation.Run().Violation is { } violation)
            {
                output.WriteLine($"{bug}: seed {seed}, {violation}");
                return;
            }
        }

        Assert.Fail($"{SeedsMax} worlds did not show this bug: {bug}.");
    }
}
