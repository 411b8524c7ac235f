using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Devices that have all layers, and whose link dies.</summary>
public sealed class FallbackTests
{
    private const int TokenCount = 40;

    public static TheoryData<int, int> Cuts => new() { { 0, 4 }, { 5, 4 }, { 17, 4 }, { 5, 0 } };

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task Session_WhoseLinkDies_GoesOnAloneWithTheSameTokens(int tokensBefore, int splitLayer)
    {
        await using var cluster = Cluster(PlanAt(splitLayer));
        var session = Start(cluster);
        cluster.RunUntil(() => session.TokenCount == tokensBefore && session.Events.Count > 0);
        cluster.Network.Replace = static _ => null;
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        var moved = Assert.Single(session.Events.OfType<SessionMoved>());
        Assert.Equal(ExecutionMode.Device, moved.To.Mode);
        Assert.Equal(tokensBefore, moved.AtToken);
        Assert.Contains("out of reach", moved.Why, StringComparison.Ordinal);
        Assert.InRange(moved.ElapsedUs, 4_000_000, 4_100_000); // twice FallbackAfter, and the loss in between
    }

    [Fact]
    public async Task Session_WhoseDeviceHasFewerBits_GoesOnAsOnePlaceWithTheSameArithmetic()
    {
        var fourBits = WeightFormat.Of(4, 32);
        await using var cluster = Cluster(Undisturbed.Lossless);
        cluster.DeviceFormat = fourBits;
        var session = Start(cluster);
        cluster.RunUntil(() => session.TokenCount == 9);
        cluster.Network.Replace = static _ => null;
        cluster.RunUntilEnded(session);

        var before = OnePlace.Continue(Undisturbed.Lossless, Quill.Prompt(3), [], SamplingOptions.Greedy, 9, fourBits);
        Assert.Equal(before, session.Tokens.Take(9));
        Assert.Equal(OnePlace.Continue(Undisturbed.Device, Quill.Prompt(3), before, SamplingOptions.Greedy, TokenCount - 9, fourBits), session.Tokens.Skip(9));
    }

    [Fact]
    public async Task Session_WhoseLinkIsDeadFromTheStart_RunsOnTheDevice()
    {
        await using var cluster = Cluster(Undisturbed.Lossless);
        cluster.Network.Replace = static _ => null;
        var session = Start(cluster);
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        Assert.Equal(ExecutionMode.Device, Assert.Single(session.Events.OfType<SessionPlanned>()).Plan.Mode);
    }

    [Fact]
    public async Task Session_WhoseLinkHeals_ReturnsToItsSplitWithTheSameTokens()
    {
        await using var cluster = Cluster(Undisturbed.Lossless);
        var session = Start(cluster, Undisturbed.Random);
        cluster.SlowDown(TimeSpan.FromMilliseconds(100));
        foreach (var (cut, mended) in ((int, int)[])[(3, 8), (16, 24)])
        {
            cluster.RunUntil(() => session.TokenCount == cut);
            cluster.Network.Replace = static _ => null;
            cluster.RunUntil(() => session.TokenCount == mended);
            cluster.Network.Replace = static message => message.Body;
        }

        cluster.RunUntilEnded(session);

        AssertUndisturbed(session, Undisturbed.Random);
        var moves = session.Events.OfType<SessionMoved>().ToList();
        Assert.Equal([ExecutionMode.Device, ExecutionMode.Split, ExecutionMode.Device, ExecutionMode.Split], moves.Select(moved => moved.To.Mode));
        Assert.Equal("the scheduler answers again", moves[1].Why);
        Assert.InRange(moves[1].AtToken, 8, 16);
    }

    [Fact]
    public async Task Session_WhoseLinkStaysDead_AsksLessAndLessOften()
    {
        await using var cluster = Cluster(Undisturbed.Lossless);
        var session = Start(cluster);
        cluster.SlowDown(TimeSpan.FromSeconds(5));
        cluster.RunUntil(() => session.TokenCount == 5);
        cluster.Network.Replace = static _ => null;
        cluster.RunUntil(() => session.Events.OfType<SessionMoved>().Any());
        var before = cluster.Network.Bodies<PlanRequest>().Count();
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        Assert.InRange(cluster.Network.Bodies<PlanRequest>().Count() - before, 10, 20); // of 34 × 10 s: 9 in the first 50 s, then one in 30 s
    }

    [Fact]
    public async Task Session_WhoseWorkersAreAllGone_GoesOnAloneUntilThereIsOne()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Lossless);
        cluster.StartWorker("worker/1");
        var session = Start(cluster);
        cluster.SlowDown(TimeSpan.FromMilliseconds(100));
        cluster.RunUntil(() => session.TokenCount == 5);
        cluster.StopWorker("worker/1");
        cluster.RunUntil(() => session.TokenCount == 10);
        cluster.StartWorker("worker/2");
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        Assert.Equal([ExecutionMode.Device, ExecutionMode.Split], session.Events.OfType<SessionMoved>().Select(moved => moved.To.Mode));
        Assert.Equal("worker/2", session.Worker);
    }

    [Fact]
    public async Task Session_WhoseDeviceCannotLoadTheBack_FailsWithTheReason()
    {
        await using var cluster = Cluster(Undisturbed.Lossless);
        cluster.UnloadableSplit = 8;
        var session = Start(cluster);
        cluster.RunUntil(() => session.TokenCount == 5);
        cluster.Network.Replace = static _ => null;
        cluster.RunUntilEnded(session);

        Assert.Equal(EndReason.Failed, session.Ended!.Reason);
        Assert.Contains("all its layers", session.Ended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_OverALinkThatComesAndGoes_GiveTheSameTokens()
    {
        var moveCount = 0;
        for (var seed = 1ul; seed <= FaultyNetworkTests.WorldCount; seed++)
        {
            var random = new SplitMix64(seed);
            var faults = new NetworkFaults { DropRate = 0.05, DuplicateRate = 0.2, DelayRate = 0.5, DelayMax = TimeSpan.FromMilliseconds(1 + random.Next(300)), WatchLossRate = 0.5 };
            await using var cluster = new SimulatedCluster(Undisturbed.Lossless, (inner, clock) => new FaultyTransport(inner, clock, seed, faults), seed);
            cluster.StartWorker("worker/1");
            cluster.StartWorker("worker/2");
            var session = Start(cluster, Undisturbed.Random);
            cluster.SlowDown(TimeSpan.FromMilliseconds(50));
            for (var at = 1 + random.Next(6); at < TokenCount; at += 1 + random.Next(12))
            {
                cluster.RunUntil(() => session.TokenCount >= at);
                if (random.Next(2) == 0)
                    cluster.Network.Replace = static _ => null;
                else
                    cluster.Network.Replace = static message => message.Body;
            }

            cluster.RunUntilEnded(session);
            moveCount += session.Events.OfType<SessionMoved>().Count();

            Assert.True(session.Ended == new SessionEnded(EndReason.TokenLimit, null), $"Seed {seed}: {session.Ended}");
            Assert.True(session.Tokens.SequenceEqual(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), Undisturbed.Random, TokenCount)), $"Seed {seed}: other tokens.");
        }

        Assert.InRange(moveCount, 20, int.MaxValue);
    }

    private static FixedPlan PlanAt(int splitLayer) => splitLayer == 0 ? Undisturbed.Cloud : Undisturbed.Lossless with { SplitLayer = splitLayer };

    private static SimulatedCluster Cluster(FixedPlan plan)
    {
        var cluster = new SimulatedCluster(plan);
        cluster.StartWorker("worker/1");
        return cluster;
    }

    private static SimulatedSession Start(SimulatedCluster cluster, SamplingOptions? sampling = null) =>
        cluster.StartSession(Quill.Prompt(3), sampling, options => options with { GeneratedCountMax = TokenCount, EndTokens = [], FallsBack = true });

    private static void AssertUndisturbed(SimulatedSession session, SamplingOptions? sampling = null)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), sampling ?? SamplingOptions.Greedy, TokenCount), session.Tokens);
    }
}
