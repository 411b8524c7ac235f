using SplitActors.Actors.Backend;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Sampling;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>A worker that was told to leave takes no further session, serves those that it has, and stops when none is left or its time is over.</summary>
public sealed class LeavingWorkerTests
{
    private const int WorkerCount = 100;
    private const int StepCount = 100;

    private readonly WorkerStepper _worker = new();

    [Fact]
    public void Leave_IsToldToTheSchedulerAtOnce_AndWithEveryStatus()
    {
        _worker.Receive(new Welcome(), WorkerStepper.Scheduler);
        _worker.Open();
        _worker.Step(new StatusDue());
        Assert.False(Assert.Single(_worker.Sent<WorkerStatus>()).Leaving);

        _worker.Step(new LeaveCluster());
        Assert.True(Assert.Single(_worker.Sent<WorkerStatus>()).Leaving);
        _worker.Step(new StatusDue());
        Assert.True(Assert.Single(_worker.Sent<WorkerStatus>()).Leaving);
    }

    [Fact]
    public void Leave_IsToldToASchedulerThatWelcomesTheWorkerAnew()
    {
        _worker.Open();
        _worker.Step(new LeaveCluster());
        Assert.Empty(_worker.Effects); // nobody would know whose status it is
        _worker.Step(new StatusDue());
        Assert.Single(_worker.Sent<Hello>());
        _worker.Receive(new Welcome(), WorkerStepper.Scheduler);
        Assert.True(Assert.Single(_worker.Sent<WorkerStatus>()).Leaving);
    }

    [Fact]
    public void Open_OfANewSession_IsRefusedForGood_AndOfAKnownOneIsNot()
    {
        _worker.Open();
        _worker.Step(new LeaveCluster());
        _worker.Open(session: 2);
        var rejected = Assert.Single(_worker.Sent<Rejected>());
        Assert.Equal((RejectReason.Leaving, 0u, 2ul), (rejected.Reason, rejected.RetryAfterMs, rejected.SessionId));

        _worker.Open(epoch: 2);
        Assert.Single(_worker.Sent<SessionOpened>());
        _worker.Receive(WorkerStepper.DecodeStep(0, 3, epoch: 2, samples: true));
        _worker.Compute();
        Assert.Single(_worker.Sent<StepResult>());
    }

    [Fact]
    public void Leave_WithoutSessions_StopsAtOnceAndOnce()
    {
        _worker.Step(new LeaveCluster());
        Assert.Equal(new WorkerEffect.Leave(0), Assert.Single(_worker.Effects));
        _worker.Step(new LeaveCluster());
        Assert.Empty(_worker.Effects);
    }

    [Fact]
    public void Leave_WithSessions_StopsWithTheLast()
    {
        _worker.Open(session: 1);
        _worker.Open(session: 2);
        _worker.Step(new LeaveCluster());
        Assert.DoesNotContain(_worker.Effects, effect => effect is WorkerEffect.Leave);
        _worker.Receive(new CloseSession { SessionId = 1, Epoch = 1 });
        Assert.DoesNotContain(_worker.Effects, effect => effect is WorkerEffect.Leave);
        _worker.Receive(new CloseSession { SessionId = 2, Epoch = 1 });
        Assert.Equal(new WorkerEffect.Leave(0), _worker.Effects[^1]);
    }

    [Fact]
    public void Leave_WithSessionsThatStay_StopsWhenTheTimeIsOver()
    {
        _worker.Open();
        _worker.Now = TimeSpan.FromSeconds(10);
        _worker.Step(new LeaveCluster());
        _worker.Now = TimeSpan.FromSeconds(39.9);
        _worker.Step(new StatusDue());
        Assert.DoesNotContain(_worker.Effects, effect => effect is WorkerEffect.Leave);
        _worker.Now = TimeSpan.FromSeconds(40);
        _worker.Step(new StatusDue());
        Assert.Equal(new WorkerEffect.Leave(1), _worker.Effects[^1]);
    }

    /// <summary>A failure names its seed.</summary>
    [Fact]
    public void Worker_ThatLeavesAmongAnyMessages_OpensNothingAndStopsInTime()
    {
        for (var seed = 1ul; seed <= WorkerCount; seed++)
        {
            var random = new SplitMix64(seed);
            var arbitrary = new ArbitraryMessages(random);
            var worker = new WorkerStepper();
            for (var step = 0; step < StepCount; step++)
                WorkerMessages.Send(worker, random, arbitrary);
            worker.Step(new LeaveCluster());
            var since = worker.Now;
            var known = worker.State.Sessions.Keys.ToHashSet();
            for (var message = 0; !worker.Effects.OfType<WorkerEffect.Leave>().Any(); message++)
            {
                Assert.True(message < StepCount, $"Seed {seed}: the worker stays.");
                WorkerMessages.Send(worker, random, arbitrary);
                worker.Now += TimeSpan.FromSeconds(random.Next(4));
                Assert.True(known.IsSupersetOf(worker.State.Sessions.Keys), $"Seed {seed}: a leaving worker opened a session.");
            }

            var left = worker.Effects.OfType<WorkerEffect.Leave>().Single().SessionCount;
            Assert.True(left == worker.State.Sessions.Count, $"Seed {seed}: {left} sessions were said to be left.");
            Assert.True(left == 0 || worker.Now - since >= worker.State.Options.LeaveTimeMax, $"Seed {seed}: it left {left} sessions before its time.");
        }
    }

    [Fact]
    public async Task Actor_ThatLeaves_ServesItsSessionToTheEndAndStops()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        var worker = cluster.StartWorker("worker/1");
        var session = cluster.StartSession(Quill.Prompt(0), change: options => options with { GeneratedCountMax = 20, EndTokens = [] });
        cluster.RunUntil(() => session.TokenCount >= 5);
        worker.Post(new LeaveCluster());
        cluster.RunUntilEnded(session);
        cluster.RunUntil(() => worker.IsStopped);

        Assert.Equal(Undisturbed.Tokens(Undisturbed.Compressed, Quill.Prompt(0), SamplingOptions.Greedy, 20), session.Tokens);
        Assert.Empty(cluster.StopReasons);
        Assert.All(cluster.WorkerPools, pool => Assert.Equal(0, pool.BytesInUse));
    }
}
