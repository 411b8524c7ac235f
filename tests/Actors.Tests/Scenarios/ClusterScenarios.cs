using System.Collections.Immutable;
using Akka.Actor;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Tests.Sessions;

namespace SplitActors.Actors.Tests.Scenarios;

/// <summary>A real scheduler, with workers and devices played or real.</summary>
public sealed class ClusterScenarios : ScenarioKit
{
    private volatile SchedulerState? _state;

    [Fact]
    public void WorkersHello_IsWelcomed_AndADeviceGetsItsPlan()
    {
        var (worker, device) = (Play(Worker), Play(Edge));
        StartScheduler(Undisturbed.Cloud);
        Peers.Send(Worker, SchedulerName, WorkerHello());
        Next<Welcome>(worker);
        Peers.Send(Edge, SchedulerName, PlanRequest());
        Assert.Equal(Worker, Next<Plan>(device).Worker);
    }

    [Fact]
    public void WorkerThatIsSilent_IsForgotten()
    {
        var (worker, device) = (Play(Worker), Play(Edge));
        StartScheduler(Undisturbed.Cloud);
        Peers.Send(Worker, SchedulerName, WorkerHello());
        Next<Welcome>(worker);
        for (var second = 0; second < 7; second++)
            Time.Advance(TimeSpan.FromSeconds(1));
        Peers.Send(Edge, SchedulerName, PlanRequest());
        Assert.Equal(RejectReason.NoWorker, Next<Rejected>(device).Reason);
    }

    [Fact]
    public void WorkerThatIsLost_IsForgottenAtOnce()
    {
        var (worker, device) = (Play(Worker), Play(Edge));
        StartScheduler(Undisturbed.Cloud);
        Peers.Send(Worker, SchedulerName, WorkerHello());
        Next<Welcome>(worker);
        Peers.Unregister(Worker);
        Peers.Send(Edge, SchedulerName, PlanRequest());
        Assert.Equal(RejectReason.NoWorker, Next<Rejected>(device).Reason);
    }

    [Fact]
    public void WorkerThatLeaves_HandsItsSessionsOver()
    {
        var (worker, other, device) = (Play(Worker), Play(OtherWorker), Play(Edge));
        StartScheduler(Undisturbed.Cloud);
        Peers.Send(Worker, SchedulerName, WorkerHello());
        Next<Welcome>(worker);
        Peers.Send(Edge, SchedulerName, PlanRequest());
        var plan = Next<Plan>(device);
        Peers.Send(OtherWorker, SchedulerName, WorkerHello());
        Next<Welcome>(other);
        Peers.Send(Worker, SchedulerName, new WorkerStatus { SessionCount = 1, Leaving = true });
        var moved = Next<Plan>(device, next => next.Revision > plan.Revision);
        Assert.Equal(OtherWorker, moved.Worker);
    }

    [Fact]
    public void RestartedScheduler_LearnsFromThoseWhoRun()
    {
        var (worker, device) = (Play(Worker), Play(Edge));
        var scheduler = StartScheduler(Undisturbed.Cloud);
        Peers.Send(Worker, SchedulerName, WorkerHello());
        Next<Welcome>(worker);
        Peers.Send(Edge, SchedulerName, PlanRequest());
        var plan = Next<Plan>(device);
        scheduler.Tell(Kill.Instance); // restarts it, by what supervises it

        Peers.Send(Worker, SchedulerName, new WorkerStatus { SessionCount = 1 });
        Assert.Equal(RejectReason.UnknownWorker, Next<Rejected>(worker).Reason);
        Peers.Send(Worker, SchedulerName, WorkerHello());
        Next<Welcome>(worker);
        Peers.Send(Edge, SchedulerName, new PlanRequest(PlanRequest()) { Current = plan, Revision = plan.Revision });
        Assert.Equal(Worker, Next<Plan>(device).Worker);
    }

    [Theory]
    [InlineData(ExecutionMode.Cloud)]
    [InlineData(ExecutionMode.Split)]
    public void Session_OfRealActors_NeedsNoTimer(ExecutionMode mode)
    {
        var plan = mode == ExecutionMode.Cloud ? Undisturbed.Cloud : Undisturbed.Lossless;
        StartScheduler(plan, state => _state = state);
        StartWorker(splitLayer: plan.SplitLayer);
        AwaitCondition(() => _state?.Workers.Count == 1, TimeSpan.FromSeconds(30));
        var (_, events) = StartEdge();
        Assert.Equal(Quill.GreedyContinuation(0), Rest(events).Tokens.Take(Quill.GreedyContinuation(0).Count()));
    }

    [Fact]
    public void Session_WhoseWorkerIsStopped_GoesOnExactly()
    {
        StartScheduler(Undisturbed.Lossless, state => _state = state);
        var workers = ImmutableDictionary<string, IActorRef>.Empty
            .Add(Worker, StartWorker(Worker, Undisturbed.SplitLayer)).Add(OtherWorker, StartWorker(OtherWorker, Undisturbed.SplitLayer));
        AwaitCondition(() => _state?.Workers.Count == 2, TimeSpan.FromSeconds(30));
        var (_, events) = StartEdge();
        var serving = NextEvent<SessionPlanned>(events).Plan.Worker;
        var tokens = new List<int> { NextEvent<TokenGenerated>(events).Token };
        Sys.Stop(workers[serving]);
        for (var wait = 0; tokens.Count < Quill.GreedyContinuation(0).Count();)
        {
            switch (events.ReceiveOne(TimeSpan.FromMilliseconds(20)))
            {
                case TokenGenerated generated: tokens.Add(generated.Token); break;
                case SessionEnded end: Assert.Fail($"{end} after {tokens.Count} tokens"); break;
                case null:
                    Assert.InRange(++wait, 0, 3000);
                    Time.Advance(TimeSpan.FromMilliseconds(100));
                    break;
            }
        }

        Assert.Equal(Quill.GreedyContinuation(0), tokens);
    }
}
