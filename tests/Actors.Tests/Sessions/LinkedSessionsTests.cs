using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Sessions of the embedded model over an emulated link: it takes time, and changes no token.</summary>
public sealed class LinkedSessionsTests
{
    private static readonly LinkProfile Lossy = LinkProfile.Of(1e6, 2e6, TimeSpan.FromMilliseconds(30), lossProbability: 0.1);
    private static readonly LinkProfile Fading = LinkProfile.Rayleigh(new RayleighChannel(500e3, 3), TimeSpan.FromMilliseconds(5));

    [Fact]
    public async Task Sessions_OverALink_GiveTheTokensThatTheyGiveWithoutIt()
    {
        foreach (var profile in (LinkProfile[])[Lossy, Fading])
        {
            foreach (var plan in Undisturbed.DistributedPlans)
                await RunAsync(plan, profile, stopAt: null);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    public async Task Sessions_OverALink_WhoseWorkerStops_GiveTheSameTokens(int stopAt)
    {
        await RunAsync(Undisturbed.Compressed, Lossy, stopAt);
        await RunAsync(Undisturbed.Predicted, Fading, stopAt);
    }

    private static async Task RunAsync(FixedPlan plan, LinkProfile profile, int? stopAt)
    {
        const int tokenCount = 16;
        EmulatedLinkTransport? link = null;
        await using var cluster = new SimulatedCluster(
            plan,
            (inner, clock) => link = new EmulatedLinkTransport(inner, clock, profile, seed: 5, address => address.StartsWith("edge/", StringComparison.Ordinal)));
        cluster.StartWorker("worker/1");
        cluster.StartWorker("worker/2");
        var session = cluster.StartSession(Quill.Prompt(1), Undisturbed.Random, options => options with { GeneratedCountMax = tokenCount, EndTokens = [] });
        if (stopAt is { } count)
        {
            cluster.RunUntil(() => session.TokenCount == count);
            cluster.StopWorker(session.Worker);
        }

        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(Undisturbed.Tokens(plan, Quill.Prompt(1), Undisturbed.Random, tokenCount), session.Tokens);
        Assert.True(cluster.Driver.Time.Elapsed > tokenCount * profile.RoundTrip);
        Assert.True(link!.Traffic.Up.RepeatCount + link.Traffic.Down.RepeatCount > 0);
        link.Dispose();
    }
}
