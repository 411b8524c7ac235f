using Akka.Actor;
using Akka.TestKit;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;

namespace SplitActors.Actors.Tests.Scenarios;

/// <summary>A real device; its scheduler and its worker are played.</summary>
public sealed class EdgeScenarios : ScenarioKit
{
    private readonly TestProbe _scheduler;
    private readonly TestProbe _worker;

    public EdgeScenarios()
    {
        _scheduler = Play(SchedulerName);
        _worker = Play(Worker);
    }

    [Fact]
    public void Hello_ComesAgain_UntilItIsAnswered()
    {
        StartEdge();
        Next<Hello>(_scheduler);
        _scheduler.ExpectNoMsg(TimeSpan.Zero);
        Time.Advance(TimeSpan.FromSeconds(6));
        Next<Hello>(_scheduler);
    }

    [Fact]
    public void PlanRequest_ComesAgain_UntilItIsAnswered()
    {
        StartEdge();
        Greet();
        _scheduler.ExpectNoMsg(TimeSpan.Zero);
        Time.Advance(TimeSpan.FromSeconds(6));
        Next<PlanRequest>(_scheduler);
    }

    [Fact]
    public void Tokens_AreTakenOnce_AndSentOn()
    {
        var (_, events) = StartEdge();
        var step = RunTo(epoch: 1);
        Answer(step, token: 17);
        Answer(step, token: 17);
        Answer(step, token: 18);
        Assert.Equal(17, NextEvent<TokenGenerated>(events).Token);
        var next = Next<DecodeStep>(_worker, body => body.Position >= step.Position + step.TokenCount);
        Assert.Equal([17u], next.Tokens.Ids);
        Answer(next, token: 19);
        Assert.Equal(19, NextEvent<TokenGenerated>(events).Token);
    }

    [Fact]
    public void ResultOfAnotherEpochOrSender_IsNotTaken()
    {
        var (_, events) = StartEdge();
        var step = RunTo(epoch: 1);
        Peers.Send(Worker, Edge, ResultOf(new DecodeStep(step) { Epoch = 7 }, token: 1));
        Peers.Send(OtherWorker, Edge, ResultOf(step, token: 2));
        Answer(step, token: 3);
        Assert.Equal(3, NextEvent<TokenGenerated>(events).Token);
    }

    [Fact]
    public void SilentWorker_IsAskedAgain()
    {
        StartEdge();
        Greet();
        Plan();
        var opened = Next<OpenSession>(_worker);
        Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(opened.Epoch, Next<OpenSession>(_worker).Epoch);
    }

    [Fact]
    public void WorkerThatIsLost_IsReplaced_AndEverythingIsSentAgain()
    {
        var (_, events) = StartEdge();
        var step = RunTo(epoch: 1);
        Answer(step, token: 17);
        NextEvent<TokenGenerated>(events);
        var other = Play(OtherWorker);
        Peers.Unregister(Worker);
        Assert.Equal(Worker, Next<PlanRequest>(_scheduler, request => request.LostWorker.Length > 0).LostWorker);

        Plan(OtherWorker, revision: 2);
        var opened = Next<OpenSession>(other);
        Assert.True(opened.Epoch > 1);
        Assert.Equal([17u], opened.Generated);
        Peers.Send(OtherWorker, Edge, new SessionOpened { SessionId = 1, Epoch = opened.Epoch });
        Assert.Equal(0u, Next<DecodeStep>(other).Position);
        Assert.Equal(Worker, NextEvent<WorkerReplaced>(events).Lost);
    }

    [Fact]
    public void SchedulerThatIsLost_DelaysNoSession()
    {
        var (_, events) = StartEdge();
        var step = RunTo(epoch: 1);
        Peers.Unregister(SchedulerName);
        Answer(step, token: 17);
        Assert.Equal(17, NextEvent<TokenGenerated>(events).Token);
        Next<DecodeStep>(_worker, body => body.Position > step.Position);
    }

    [Fact]
    public void Cancelled_ClosesItsSessionEverywhere()
    {
        var (edge, events) = StartEdge();
        RunTo(epoch: 1);
        edge.Tell(new CancelSession());
        Assert.Equal(EndReason.Cancelled, NextEvent<SessionEnded>(events).Reason);
        Next<CloseSession>(_worker);
        Next<CloseSession>(_scheduler);
    }

    [Fact]
    public void FrontThatCannotBeLoaded_EndsTheSessionWithItsReason()
    {
        var (_, events) = StartEdge(loadFront: _ => throw new InvalidOperationException("no such memory"));
        Greet();
        Plan(mode: ExecutionMode.Device, worker: "");
        var end = NextEvent<SessionEnded>(events);
        Assert.Equal(EndReason.Failed, end.Reason);
        Assert.Contains("no such memory", end.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void DeviceMode_NeedsNobody()
    {
        var (_, events) = StartEdge();
        Greet();
        Plan(mode: ExecutionMode.Device, worker: "");
        var (tokens, end) = Rest(events);
        Assert.Equal(Quill.GreedyContinuation(0).Take(tokens.Count), tokens);
        Assert.NotEqual(EndReason.Failed, end.Reason);
        Assert.NotEmpty(tokens);
    }

    /// <summary>To its wish for a plan.</summary>
    private void Greet()
    {
        Next<Hello>(_scheduler);
        Peers.Send(SchedulerName, Edge, new Welcome());
        Next<PlanRequest>(_scheduler);
    }

    private void Plan(string worker = Worker, uint revision = 1, ExecutionMode mode = ExecutionMode.Cloud) => Peers.Send(SchedulerName, Edge, new Plan
    {
        SessionId = 1,
        Mode = mode,
        Worker = worker,
        Revision = revision,
        SplitLayer = mode == ExecutionMode.Device ? (uint)Quill.Config.LayerCount : 0,
        Compression = Undisturbed.Cloud.Compression.ToMessage(),
    });

    /// <summary>To the step that asks for the first token.</summary>
    private DecodeStep RunTo(uint epoch)
    {
        Greet();
        Plan();
        Assert.Equal(epoch, Next<OpenSession>(_worker).Epoch);
        Peers.Send(Worker, Edge, new SessionOpened { SessionId = 1, Epoch = epoch });
        return Next<DecodeStep>(_worker, step => step.Samples);
    }

    private void Answer(DecodeStep step, uint token) => Peers.Send(Worker, Edge, ResultOf(step, token));

    private static StepResult ResultOf(DecodeStep step, uint token) => new StepResult
    {
        SessionId = 1,
        Epoch = step.Epoch,
        NextPosition = step.Position + step.TokenCount,
        Token = token,
        BatchRows = 1,
    };
}
