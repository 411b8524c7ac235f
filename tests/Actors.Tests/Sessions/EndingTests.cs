using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class EndingTests
{
    [Fact]
    public async Task Session_ThatDrawsAnEndToken_EndsWithIt()
    {
        var tokens = Undisturbed.Tokens(Undisturbed.Compressed, Quill.Prompt(0), SamplingOptions.Greedy, 40).ToList();
        var end = tokens[29];
        await using var cluster = ClusterOfOne();
        var session = cluster.StartSession(Quill.Prompt(0), change: options => options with { EndTokens = [end] });
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.EndToken, null), session.Ended);
        Assert.Equal(tokens.Take(tokens.IndexOf(end) + 1), session.Tokens);
        AssertFreed(cluster);
    }

    [Fact]
    public async Task Session_ThatReachesItsLimit_EndsAfterThatManyTokens()
    {
        await using var cluster = ClusterOfOne();
        var session = cluster.StartSession(Quill.Prompt(0), change: options => options with { GeneratedCountMax = 1 });
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(1, session.TokenCount);
        AssertFreed(cluster);
    }

    [Fact]
    public async Task Session_ThatFillsTheContext_EndsThere()
    {
        await using var cluster = ClusterOfOne();
        var prompt = Quill.Prompt(0).AddRange(Enumerable.Repeat(7, Quill.Config.ContextLength - 10 - Quill.Prompt(0).Count));
        var session = cluster.StartSession(prompt, change: options => options with { GeneratedCountMax = int.MaxValue, EndTokens = [] });
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.ContextFull, null), session.Ended);
        Assert.Equal(10, session.TokenCount);
        AssertFreed(cluster);
    }

    [Fact]
    public async Task DeviceSession_WithoutAnyWorker_GivesTheReferenceTokens()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Device);
        var session = cluster.StartSession(Quill.Prompt(2));
        cluster.RunUntilEnded(session);

        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(Quill.GreedyContinuation(2), session.Tokens);
        Assert.Empty(cluster.Network.Bodies<DecodeStep>());
    }

    /// <summary>Cancelled after every possible number of work items, so in every phase.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task CancelledSession_InAnyPhase_EndsAndFreesTheWorker(int planIndex)
    {
        for (var steps = 0; steps < 80; steps++)
        {
            await using var cluster = new SimulatedCluster(Undisturbed.DistributedPlans[planIndex]);
            cluster.StartWorker("worker/1");
            cluster.RunSteps(8);
            var session = cluster.StartSession(Quill.Prompt(3), change: options => options with { ChunkTokensMax = 3 });
            cluster.RunSteps(steps);
            session.Actor!.Post(new CancelSession());
            cluster.Driver.RunFor(TimeSpan.FromSeconds(3));

            Assert.Equal(new SessionEnded(EndReason.Cancelled, null), session.Ended);
            AssertFreed(cluster);
        }
    }

    [Fact]
    public async Task CancelledSession_WhileItWaitsForAWorker_Ends()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        var session = cluster.StartSession(Quill.Prompt(0));
        cluster.Driver.RunFor(TimeSpan.FromSeconds(1));
        session.Actor!.Post(new CancelSession());
        cluster.Driver.RunUntilIdle();

        Assert.Equal(new SessionEnded(EndReason.Cancelled, null), session.Ended);
    }

    [Fact]
    public async Task Device_ThatVanishes_LeavesNothingOnTheWorker()
    {
        await using var cluster = ClusterOfOne();
        var session = cluster.StartSession(Quill.Prompt(0));
        cluster.RunUntil(() => session.TokenCount == 5);
        session.Actor!.Stop();

        AssertFreed(cluster);
        Assert.Empty(cluster.Network.Bodies<CloseSession>());
    }

    private static SimulatedCluster ClusterOfOne()
    {
        var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1");
        return cluster;
    }

    private static void AssertFreed(SimulatedCluster cluster)
    {
        cluster.Driver.RunFor(TimeSpan.FromSeconds(2));
        var status = cluster.Network.Bodies<WorkerStatus>().Last();
        Assert.Equal((0u, 0u, 0ul), (status.SessionCount, status.QueuedRows, status.KvBytes));
        Assert.All(cluster.WorkerPools, pool => Assert.Equal(0, pool.BytesInUse));
        Assert.All(cluster.Fronts, front => Assert.Equal(0, front.KvBytes));
    }
}
