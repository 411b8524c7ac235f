using System.Collections.Immutable;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Sampling;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class FailoverTests
{
    private const int TokenCount = 64;

    public static TheoryData<int, bool, int> Losses
    {
        get
        {
            var losses = new TheoryData<int, bool, int>();
            for (var plan = 0; plan < Undisturbed.DistributedPlans.Length; plan++)
            {
                foreach (var tokensBefore in (int[])[0, 1, 7, 60])
                {
                    losses.Add(plan, false, tokensBefore);
                    losses.Add(plan, true, tokensBefore);
                }
            }

            return losses;
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Session_WhoseWorkerStops_GivesTheSameTokensFromTheStoredFrames(int planIndex, bool isRandom, int tokensBefore)
    {
        var plan = Undisturbed.DistributedPlans[planIndex];
        var sampling = isRandom ? Undisturbed.Random : SamplingOptions.Greedy;
        await using var cluster = ClusterOfTwo(plan);

        var session = cluster.StartSession(Quill.Prompt(3), sampling, Limit);
        cluster.RunUntil(() => session.TokenCount == tokensBefore && cluster.Network.Bodies<DecodeStep>().Count() > tokensBefore);
        cluster.StopWorker(session.Worker);
        cluster.RunUntilEnded(session);

        AssertUndisturbed(plan, session, sampling);
        Assert.Equal(1, session.LossCount);
        AssertReplayed(cluster, epochCount: 2);
    }

    [Fact]
    public async Task Session_WhoseWorkerStopsAtAnyStep_GivesTheSameTokens()
    {
        for (var steps = 0; steps < 60; steps++)
        {
            await using var cluster = ClusterOfTwo(Undisturbed.Compressed);
            var session = cluster.StartSession(Quill.Prompt(0), change: options => Limit(options) with { GeneratedCountMax = 8 });
            cluster.RunUntil(() => session.Events.Count > 0);
            cluster.RunSteps(steps);
            cluster.StopWorker(session.Worker);
            cluster.RunUntilEnded(session);

            Assert.Equal(EndReason.TokenLimit, session.Ended!.Reason);
            Assert.Equal(Undisturbed.Tokens(Undisturbed.Compressed, Quill.Prompt(0), SamplingOptions.Greedy, 8), session.Tokens);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public async Task LongPrompt_WhoseWorkerStopsBetweenChunks_GivesTheSameTokens(int chunksBefore)
    {
        await using var cluster = ClusterOfTwo(Undisturbed.Compressed);
        var session = cluster.StartSession(
            Undisturbed.LongPrompt, change: options => Limit(options) with { ChunkTokensMax = 16, InflightFramesMax = 4 });
        cluster.RunUntil(() => cluster.Network.Bodies<StepResult>().Count() == chunksBefore);
        Assert.Equal(0, session.TokenCount);
        cluster.StopWorker(session.Worker);
        cluster.RunUntilEnded(session);

        // The chunks of the reference are longer, so that its frames are other ones; its values are the same.
        AssertUndisturbed(Undisturbed.Compressed, session, SamplingOptions.Greedy, Undisturbed.LongPrompt);
        AssertReplayed(cluster, epochCount: 2);
    }

    [Fact]
    public async Task Session_LosingOneWorkerAfterTheOther_GivesTheSameTokens()
    {
        await using var cluster = ClusterOfTwo(Undisturbed.Compressed);
        var session = cluster.StartSession(Quill.Prompt(2), Undisturbed.Random, Limit);
        for (var loss = 1; loss <= 20; loss++)
        {
            cluster.RunUntil(() => session.TokenCount == loss * 3);
            cluster.StopWorker(session.Worker);
            cluster.StartWorker($"worker/spare{loss}");
        }

        cluster.RunUntilEnded(session);

        AssertUndisturbed(Undisturbed.Compressed, session, Undisturbed.Random, Quill.Prompt(2));
        Assert.Equal(20, session.LossCount); // more than FailoversMax: each came after a token
    }

    [Fact]
    public async Task Session_LosingTheNextWorkerWhileReplaying_GivesTheSameTokens()
    {
        await using var cluster = ClusterOfTwo(Undisturbed.Compressed);
        var session = cluster.StartSession(Quill.Prompt(2), change: Limit);
        cluster.RunUntil(() => session.TokenCount == 20);
        for (var loss = 1; loss <= 5; loss++)
        {
            cluster.StopWorker(session.Worker);
            cluster.StartWorker($"worker/spare{loss}");
            var replayed = cluster.Network.Bodies<StepResult>().Count() + 5;
            cluster.RunUntil(() => session.LossCount == loss && cluster.Network.Bodies<StepResult>().Count() >= replayed);
            Assert.Equal(20, session.TokenCount);
        }

        cluster.RunUntilEnded(session);

        AssertUndisturbed(Undisturbed.Compressed, session, SamplingOptions.Greedy, Quill.Prompt(2));
        AssertReplayed(cluster, epochCount: 6);
    }

    [Fact]
    public async Task Session_WithoutAnotherWorker_WaitsForOne()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1");
        var session = cluster.StartSession(Quill.Prompt(3), change: Limit);
        cluster.RunUntil(() => session.TokenCount == 5);
        cluster.StopWorker("worker/1");
        cluster.Driver.RunFor(TimeSpan.FromSeconds(30));
        Assert.Null(session.Ended);
        cluster.StartWorker("worker/2");
        cluster.RunUntilEnded(session);

        AssertUndisturbed(Undisturbed.Compressed, session, SamplingOptions.Greedy);
    }

    [Fact]
    public async Task Session_ThatNeverGetsAnotherWorker_FailsWithTheReason()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1");
        var session = cluster.StartSession(Quill.Prompt(3), change: Limit);
        cluster.RunUntil(() => session.TokenCount == 5);
        cluster.StopWorker("worker/1");
        var before = cluster.Driver.Time.Elapsed;
        cluster.RunUntilEnded(session);

        Assert.Equal(EndReason.Failed, session.Ended!.Reason);
        Assert.StartsWith("No worker with layers 5–8 is free; said hello: none.", session.Ended.Detail, StringComparison.Ordinal);
        Assert.InRange(cluster.Driver.Time.Elapsed - before, TimeSpan.FromSeconds(59), TimeSpan.FromSeconds(61));
    }

    [Fact]
    public async Task Session_WhoseWorkerFailsInABatch_ContinuesOnItsNextIncarnation()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        var clock = new FailingClock(cluster.Driver.Time, failAt: [20, 21, 100]);
        cluster.StartWorker("worker/1", engineClock: clock);
        var session = cluster.StartSession(Quill.Prompt(3), Undisturbed.Random, Limit);
        cluster.RunUntilEnded(session);

        AssertUndisturbed(Undisturbed.Compressed, session, Undisturbed.Random);
        Assert.Equal(3, cluster.Events.OfType<NodeRestarted>().Count());
        Assert.Equal(3, session.LossCount);
    }

    [Fact]
    public async Task Session_DroppedForIdleness_IsOpenedAnewOnTheSameWorker()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", options => options with { SessionIdleMax = TimeSpan.FromSeconds(2) });
        var session = cluster.StartSession(Quill.Prompt(3), Undisturbed.Random, Limit);
        TimeSpan? cutAt = null;
        cluster.Network.Replace = message => message.Body is DecodeStep or StepResult && session.TokenCount == 9 && IsCut() ? null : message.Body;
        cluster.RunUntilEnded(session);

        bool IsCut() => cluster.Driver.Time.Elapsed - (cutAt ??= cluster.Driver.Time.Elapsed) < TimeSpan.FromSeconds(3.5); // less than until the worker counts as lost

        AssertUndisturbed(Undisturbed.Compressed, session, Undisturbed.Random);
        Assert.Contains(cluster.Network.Bodies<Rejected>(), rejected => rejected.Reason == RejectReason.UnknownSession);
        Assert.Equal(0, session.LossCount);
        AssertReplayed(cluster, epochCount: 2);
    }

    [Fact]
    public async Task Session_LosingItsWorkerAfterTheSchedulerRestarted_FindsAnother()
    {
        await using var cluster = ClusterOfTwo(Undisturbed.Compressed);
        var session = cluster.StartSession(Quill.Prompt(3), change: Limit);
        cluster.RunUntil(() => session.TokenCount == 5);
        cluster.Scheduler.Stop();
        cluster.RunUntil(() => session.TokenCount == 10);
        cluster.StartScheduler();
        cluster.StopWorker(session.Worker);
        cluster.RunUntilEnded(session);

        AssertUndisturbed(Undisturbed.Compressed, session, SamplingOptions.Greedy);
    }

    [Fact]
    public async Task Session_WhoseWorkersAddressIsClaimedByAnother_StaysWhereItIs()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1");
        var session = cluster.StartSession(Quill.Prompt(3), change: Limit);
        cluster.RunUntil(() => session.TokenCount == 5);
        var other = cluster.StartWorker("worker/2", options => options with { Address = "worker/1" });
        cluster.RunUntilEnded(session);

        Assert.True(other.IsStopped);
        Assert.Equal(0, session.LossCount);
        AssertUndisturbed(Undisturbed.Compressed, session, SamplingOptions.Greedy);
    }

    private static SimulatedCluster ClusterOfTwo(FixedPlan plan)
    {
        var cluster = new SimulatedCluster(plan);
        cluster.StartWorker("worker/1");
        cluster.StartWorker("worker/2");
        return cluster;
    }

    private static EdgeOptions Limit(EdgeOptions options) => options with { GeneratedCountMax = TokenCount, EndTokens = [] };

    private static bool IsEpoch(SentMessage message, uint epoch) => message.Body is StepResult result && result.Epoch == epoch;

    private static void AssertUndisturbed(
        FixedPlan plan, SimulatedSession session, SamplingOptions sampling, ImmutableList<int>? prompt = null)
    {
        Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), session.Ended);
        Assert.Equal(Undisturbed.Tokens(plan, prompt ?? Quill.Prompt(3), sampling, TokenCount), session.Tokens);
    }

    /// <summary>Each epoch sent the same bytes for the same tokens.</summary>
    private static void AssertReplayed(SimulatedCluster cluster, int epochCount)
    {
        var steps = cluster.Network.Bodies<DecodeStep>().ToList();
        Assert.Equal(epochCount, steps.Select(step => step.Epoch).Distinct().Count());
        foreach (var repeats in steps.GroupBy(step => step.Position))
        {
            Assert.Single(repeats.Select(step => step.Frame).Distinct());
            Assert.Single(repeats.Select(step => step.TokenCount).Distinct());
            Assert.Single(repeats.Select(step => step.Tokens).Distinct());
        }
    }
}
