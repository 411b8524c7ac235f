using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Sampling;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Sessions that go on with another split, by a plan that they did not ask for.</summary>
public sealed class RelocationTests
{
    private const int TokenCount = 40;

    private static readonly FixedPlan Cloud = new(ExecutionMode.Cloud, 0, CompressionOptions.Lossless);

    private static readonly FixedPlan Device = new(ExecutionMode.Device, 8, CompressionOptions.Lossless);

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(0)]
    [InlineData(8)]
    public async Task Session_MovedToAnotherSplit_GivesTheSameTokens(int splitLayer)
    {
        await using var cluster = Cluster();
        var session = Start(cluster);
        cluster.RunUntil(() => session.TokenCount == 9);
        Move(cluster, session, Lossless(splitLayer));
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        var moved = Assert.Single(session.Events.OfType<SessionMoved>());
        Assert.Equal((4u, (uint)splitLayer), (moved.From.SplitLayer, moved.To.SplitLayer));
        Assert.Equal("the test wants it", moved.Why);
        Assert.InRange(moved.AtToken, 9, TokenCount - 1);
        Assert.Equal(moved.AtToken, session.Events.TakeWhile(happened => happened is not SessionMoved).OfType<TokenGenerated>().Count());
        Assert.Equal(splitLayer < 8, moved.MessageBytes > 0);
        cluster.RunUntil(() => cluster.WorkerPools.All(pool => pool.BytesInUse == 0));
    }

    [Fact]
    public async Task Session_MovedAgainAndAgain_GivesTheSameTokens()
    {
        await using var cluster = Cluster();
        var session = Start(cluster, Undisturbed.Random);
        foreach (var (at, splitLayer) in ((int, int)[])[(3, 2), (8, 8), (13, 0), (18, 7), (23, 8), (28, 4)])
        {
            cluster.RunUntil(() => session.TokenCount == at);
            Move(cluster, session, Lossless(splitLayer));
        }

        cluster.RunUntilEnded(session);

        AssertUndisturbed(session, Undisturbed.Random);
        Assert.Equal([2u, 8u, 0u, 7u, 8u, 4u], session.Events.OfType<SessionMoved>().Select(moved => moved.To.SplitLayer));
    }

    [Fact]
    public async Task Session_MovedWithCompression_GoesOnAsOneThatBeganThere()
    {
        var target = new FixedPlan(ExecutionMode.Split, 2, CompressionOptions.Default);
        await using var cluster = Cluster(Undisturbed.Compressed);
        var session = Start(cluster, Undisturbed.Random);
        cluster.RunUntil(() => session.TokenCount == 9);
        Move(cluster, session, target);
        cluster.RunUntilEnded(session);

        var at = Assert.Single(session.Events.OfType<SessionMoved>()).AtToken;
        Assert.Equal(Undisturbed.Tokens(Undisturbed.Compressed, Quill.Prompt(3), Undisturbed.Random, at), session.Tokens.Take(at));
        Assert.Equal(OnePlace.Continue(target, Quill.Prompt(3), session.Tokens.Take(at), Undisturbed.Random, TokenCount - at), session.Tokens.Skip(at));
    }

    [Fact]
    public async Task Session_WhoseNewWorkerStopsAtAnyStepOfTheMove_GivesTheSameTokens()
    {
        for (var steps = 0; steps < 60; steps += 3)
        {
            await using var cluster = Cluster();
            cluster.StartWorker("worker/spare2", splitLayer: 2);
            var session = Start(cluster);
            cluster.RunUntil(() => session.TokenCount == 5);
            Move(cluster, session, Lossless(2));
            cluster.RunUntil(() => session.Events.OfType<SessionPlanned>().Any(planned => planned.Plan.SplitLayer == 2));
            cluster.RunSteps(steps);
            cluster.StopWorker(session.Worker);
            cluster.RunUntilEnded(session);

            AssertUndisturbed(session);
            Assert.Single(session.Events.OfType<SessionMoved>());
            Assert.Equal(1, session.LossCount);
        }
    }

    [Fact]
    public async Task Session_WhoseOldWorkerStopsBeforeTheMove_GivesTheSameTokens()
    {
        for (var steps = 0; steps < 24; steps++)
        {
            await using var cluster = Cluster();
            var session = Start(cluster);
            cluster.RunUntil(() => session.TokenCount == 5);
            Move(cluster, session, Lossless(2));
            cluster.RunSteps(steps);
            cluster.StopWorker("worker/4");
            cluster.RunUntilEnded(session);

            AssertUndisturbed(session);
            Assert.Equal(2u, session.Events.OfType<SessionPlanned>().Last().Plan.SplitLayer);
        }
    }

    [Fact]
    public async Task Session_WhoseNewFrontCannotBeLoaded_StaysWhereItIs()
    {
        await using var cluster = Cluster();
        cluster.UnloadableSplit = 2;
        var session = Start(cluster);
        cluster.RunUntil(() => session.TokenCount == 5);
        Move(cluster, session, Lossless(2));
        cluster.RunUntilEnded(session);

        AssertUndisturbed(session);
        Assert.Empty(session.Events.OfType<SessionMoved>());
        Assert.Equal(2u, Assert.Single(session.Events.OfType<MoveAbandoned>()).To.SplitLayer);
    }

    /// <summary>Whatever a library throws, the session has done nothing wrong.</summary>
    [Fact]
    public async Task Session_WhoseNewFrontFailsToLoadInAnyWay_StaysWhereItIs()
    {
        foreach (var failure in (Exception[])[new IOException("The disk is gone."), new InvalidDataException("No such tensor."), new InsufficientMemoryException("No memory.")])
        {
            await using var cluster = Cluster();
            (cluster.UnloadableSplit, cluster.LoadFailure) = (2, failure);
            var session = Start(cluster);
            cluster.RunUntil(() => session.TokenCount == 5);
            Move(cluster, session, Lossless(2));
            cluster.RunUntilEnded(session);

            AssertUndisturbed(session);
            Assert.Equal($"The device cannot load layers 1–2: {failure.Message}", Assert.Single(session.Events.OfType<MoveAbandoned>()).Detail);
        }
    }

    [Fact]
    public async Task Session_WhoseNewPlanIsLost_GetsItAgainAfterItsReport()
    {
        await using var cluster = Cluster();
        var session = Start(cluster, change: options => options with { LinkReportTokens = 8 });
        cluster.RunUntil(() => session.TokenCount == 5);
        var isLost = false;
        cluster.Network.Replace = message => message.Body is Plan && !isLost && (isLost = true) ? null : message.Body;
        Move(cluster, session, Lossless(2));
        cluster.RunUntilEnded(session);

        Assert.True(isLost);
        AssertUndisturbed(session);
        Assert.InRange(Assert.Single(session.Events.OfType<SessionMoved>()).AtToken, 8, 12);
    }

    [Fact]
    public async Task Sessions_MovedOverALossyNetwork_GiveTheSameTokens()
    {
        for (var seed = 1ul; seed <= FaultyNetworkTests.WorldCount; seed++)
        {
            var random = new SplitMix64(seed);
            var faults = new NetworkFaults { DropRate = 0.05, DuplicateRate = 0.2, DelayRate = 0.5, DelayMax = TimeSpan.FromMilliseconds(1 + random.Next(400)), WatchLossRate = 0.5 };
            await using var cluster = Cluster(seed: seed, wrap: (inner, clock) => new FaultyTransport(inner, clock, seed, faults));
            var session = Start(cluster, Undisturbed.Random, change: options => options with { AnswerTimeout = TimeSpan.FromSeconds(1), LinkReportTokens = 2, ChunkTokensMax = 1 + random.Next(8) });
            for (var at = 3; at < 24; at += 5)
            {
                cluster.RunUntil(() => session.TokenCount >= at);
                Move(cluster, session, Lossless(((int[])[0, 2, 4, 7, 8])[random.Next(5)]));
                if (random.Next(3) == 0)
                    cluster.RestartWorker(((string[])["worker/0", "worker/2", "worker/4", "worker/7"])[random.Next(4)]);
            }

            cluster.RunUntilEnded(session);

            Assert.True(session.Ended == new SessionEnded(EndReason.TokenLimit, null), $"Seed {seed}: {session.Ended}");
            Assert.True(session.Tokens.SequenceEqual(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), Undisturbed.Random, TokenCount)), $"Seed {seed}: other tokens.");
        }
    }

    private static FixedPlan Lossless(int splitLayer) => splitLayer switch
    {
        0 => Cloud,
        8 => Device,
        _ => Undisturbed.Lossless with { SplitLayer = splitLayer },
    };

    private static SimulatedCluster Cluster(
        FixedPlan? plan = null, ulong? seed = null, Func<IPeers, VirtualTimeProvider, IPeers>? wrap = null)
    {
        var cluster = new SimulatedCluster(plan ?? Undisturbed.Lossless, wrap, seed);
        foreach (var splitLayer in (int[])[4, 0, 2, 7])
            cluster.StartWorker($"worker/{splitLayer}", splitLayer: splitLayer);
        return cluster;
    }

    private static SimulatedSession Start(
        SimulatedCluster cluster, SamplingOptions? sampling = null, Func<EdgeOptions, EdgeOptions>? change = null) =>
        cluster.StartSession(Quill.Prompt(3), sampling, options => (change?.Invoke(options) ?? options) with { GeneratedCountMax = TokenCount, EndTokens = [] });

    private static void Move(SimulatedCluster cluster, SimulatedSession session, FixedPlan plan) =>
        cluster.Scheduler.Post(new MoveSession(session.Key, plan, "the test wants it"));

    private static void AssertUndisturbed(SimulatedSession session, SamplingOptions? sampling = null)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(Undisturbed.Tokens(Undisturbed.Lossless, Quill.Prompt(3), sampling ?? SamplingOptions.Greedy, TokenCount), session.Tokens);
    }
}
