using Akka.Actor;
using Akka.TestKit;
using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Tests.Sessions;

namespace SplitActors.Actors.Tests.Scenarios;

/// <summary>A real worker; its scheduler and its device are played.</summary>
public sealed class WorkerScenarios : ScenarioKit
{
    private readonly TestProbe _scheduler;
    private TestProbe _device;

    public WorkerScenarios()
    {
        _scheduler = Play(SchedulerName);
        _device = Play(Edge);
    }

    [Fact]
    public void Hello_IsSaidAgain_UntilTheSchedulerAnswers()
    {
        StartWorker();
        Next<Hello>(_scheduler);
        _scheduler.ExpectNoMsg(TimeSpan.Zero);
        Time.Advance(TimeSpan.FromSeconds(1));
        Next<Hello>(_scheduler);

        Peers.Send(SchedulerName, Worker, new Welcome());
        Open();
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1u, Next<WorkerStatus>(_scheduler).SessionCount);
    }

    [Fact]
    public void Step_IsComputed_AndAnsweredWithItsToken()
    {
        StartWorker();
        Open();
        Send(PromptStep());
        var result = Next<StepResult>(_device);
        Assert.Equal(Quill.Prompt(0).Count, (int)result.NextPosition);
        Assert.Equal(Quill.GreedyContinuation(0).First(), (int)result.Token);
    }

    [Fact]
    public void SameStepAgain_IsAnsweredFromWhatIsKept()
    {
        StartWorker();
        Open();
        Send(PromptStep());
        var first = Next<StepResult>(_device);
        Send(PromptStep());
        Assert.Equal(first, Next<StepResult>(_device));
    }

    [Fact]
    public void StepBeyondAGap_IsToldWhatIsMissing()
    {
        StartWorker();
        Open();
        Send(new DecodeStep(PromptStep()) { Position = 5 });
        Assert.Equal(0u, Next<Nack>(_device).ExpectedPosition);
    }

    [Fact]
    public void NextEpoch_BeginsFromNothing_AndTheEarlierOneIsOver()
    {
        StartWorker();
        Open();
        Send(PromptStep());
        var first = Next<StepResult>(_device);
        Open(epoch: 2);
        Send(PromptStep(epoch: 1));
        Send(PromptStep(epoch: 2));
        var second = Next<StepResult>(_device);
        Assert.Equal((2u, first.Token), (second.Epoch, second.Token));
    }

    [Fact]
    public void IdleSession_IsForgotten()
    {
        StartWorker();
        Open();
        for (var minute = 0; minute < 11; minute++)
            Time.Advance(TimeSpan.FromMinutes(1));
        Send(PromptStep());
        Assert.Equal(RejectReason.UnknownSession, Next<Rejected>(_device).Reason);
    }

    [Fact]
    public void DeviceThatIsLost_LeavesNothingBehind()
    {
        StartWorker();
        Open();
        Peers.Unregister(Edge);
        _device = Play(Edge);
        Send(PromptStep());
        Assert.Equal(RejectReason.UnknownSession, Next<Rejected>(_device).Reason);
    }

    [Fact]
    public void SchedulerThatIsLost_DelaysNobody_AndIsGreetedWhenItIsBack()
    {
        StartWorker();
        Join();
        Open();
        Peers.Unregister(SchedulerName);
        Send(PromptStep());
        Next<StepResult>(_device);

        var scheduler = Play(SchedulerName);
        Time.Advance(TimeSpan.FromSeconds(2));
        Next<Hello>(scheduler);
    }

    [Fact]
    public void Leaving_RefusesNewSessions_AndEndsWhenTheLastIsClosed()
    {
        var worker = StartWorker();
        Join();
        Open();
        Watch(worker);
        worker.Tell(new LeaveCluster());
        Assert.True(Next<WorkerStatus>(_scheduler, status => status.Leaving).Leaving);
        Send(new OpenSession(OpenSession()) { SessionId = 2 });
        Assert.Equal(RejectReason.Leaving, Next<Rejected>(_device).Reason);

        Send(new CloseSession { SessionId = 1, Epoch = 1 });
        ExpectTerminated(worker, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Leaving_WaitsNoLongerThanItMay()
    {
        var worker = StartWorker();
        Join();
        Open();
        Watch(worker);
        worker.Tell(new LeaveCluster());
        Next<WorkerStatus>(_scheduler, status => status.Leaving);
        for (var second = 0; second < 31; second++)
            Time.Advance(TimeSpan.FromSeconds(1));
        ExpectTerminated(worker, TimeSpan.FromSeconds(30));
    }

    /// <summary>The scheduler knows it from now on.</summary>
    private void Join()
    {
        Next<Hello>(_scheduler);
        Peers.Send(SchedulerName, Worker, new Welcome());
    }

    private void Send(IMessage body) => Peers.Send(Edge, Worker, body);

    private void Open(uint epoch = 1)
    {
        Send(OpenSession(epoch));
        Assert.Equal(epoch, Next<SessionOpened>(_device).Epoch);
    }
}
