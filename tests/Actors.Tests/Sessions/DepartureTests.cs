using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>What a session makes of messages that take their time to leave: nobody is silent who cannot have them yet.</summary>
public sealed class DepartureTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(4); // less than the timeout

    private readonly EdgeStepper _session = new();

    [Fact]
    public void Frames_ThatLeaveForMinutes_AreSentOnce_AndTheirWorkerKept()
    {
        _session.RunToFirstFrames();
        for (var byteCount = 100_000; byteCount > 0; byteCount -= 1000)
        {
            Tell(byteCount);
            Assert.Equal(_session.State.Options.AnswerTimeout, _session.Timer);
            _session.Now += Period;
        }

        Tell(0);
        Assert.Equal((0, EdgePhase.Running), (_session.State.Attempts, _session.State.Phase));
        _session.Now += _session.Timer!.Value;
        _session.Step(new AnswerOverdue());
        Assert.Equal(1, _session.State.Attempts); // from here on it could have answered
        Assert.Equal([10u], _session.SentSteps.Asked);
    }

    [Fact]
    public void Step_ThatStillLeaves_IsNotSentAgain()
    {
        var session = new EdgeStepper(options => options with { ReminderMin = TimeSpan.FromMilliseconds(250) });
        session.RunToFirstFrames();
        session.Now += TimeSpan.FromMilliseconds(20);
        session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = 10, Token = 5 });
        session.Compute();
        session.Step(new Outgoing(EdgeStepper.Worker, 900)); // the link is a hundred times slower than it was
        session.Now += session.Timer!.Value;
        session.Step(new AnswerOverdue());
        Assert.Empty(session.Sent<DecodeStep>());

        session.Step(new Outgoing(EdgeStepper.Worker, 0));
        session.Now += session.Timer!.Value;
        session.Step(new AnswerOverdue());
        Assert.Equal([10u], session.SentSteps.Steps);
    }

    [Fact]
    public void Link_OnWhichNothingLeaves_LosesTheWorker()
    {
        _session.RunToFirstFrames();
        Tell(7000);
        for (var stall = 1; stall < _session.State.Options.AttemptsMax; stall++)
        {
            _session.Step(new AnswerOverdue());
            Assert.Empty(_session.Sent<IMessage>());
        }

        _session.Step(new AnswerOverdue());
        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
        var replaced = _session.Effects.OfType<EdgeEffect.Publish>().Select(publish => publish.Event).OfType<WorkerReplaced>().Single();
        Assert.Equal("7000 bytes for it have not left for 20 s", replaced.Reason);
    }

    [Fact]
    public void SilentWorker_WhoseQuestionsTakeTheirTimeToLeave_IsLostInTheEnd()
    {
        _session.RunToFirstFrames();
        for (var count = 0; _session.State.Phase == EdgePhase.Running; count++)
        {
            Assert.InRange(count, 0, 10);
            Tell(40);
            Tell(0);
            _session.Now += _session.Timer!.Value;
            _session.Step(new AnswerOverdue());
        }

        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
    }

    [Fact]
    public void Outgoing_ToOthers_OrWithoutAQuestion_ChangesNothing()
    {
        _session.RunToFirstFrames();
        var before = _session.State;
        _session.Step(new Outgoing(EdgeStepper.Scheduler, 500));
        _session.Step(new Outgoing("worker/2", 500));
        Assert.Equal(before with { IsReportLeaving = true }, _session.State);

        _session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = 10, Token = 5 });
        before = _session.State;
        _session.Step(new Outgoing(EdgeStepper.Worker, 500));
        Assert.Equal(before, _session.State);
    }

    [Fact]
    public void Report_IsNotSentWhileTheOneBeforeStillLeaves()
    {
        _session.RunToFirstFrames();
        _session.Step(new ReportDue());
        Assert.Single(_session.Sent<LinkReport>());
        _session.Step(new Outgoing(EdgeStepper.Scheduler, 9000)); // behind the frames
        _session.Step(new ReportDue());
        Assert.Empty(_session.Effects);
        _session.Step(new Outgoing(EdgeStepper.Scheduler, 0));
        _session.Step(new ReportDue());
        Assert.Single(_session.Sent<LinkReport>());
    }

    [Fact]
    public void WaitForASlowWorker_DoesNotCountWhatLeaves()
    {
        _session.RunToFirstFrames();
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 10 });
        _session.Now += TimeSpan.FromSeconds(50);
        Tell(1000);
        _session.Now += TimeSpan.FromSeconds(50);
        Tell(0);
        _session.Now += TimeSpan.FromSeconds(5);
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 10 });
        Assert.Equal(EdgePhase.Running, _session.State.Phase);

        _session.Now += TimeSpan.FromSeconds(6);
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 10 });
        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
    }

    /// <summary>Where nothing tells what has left, what bytes took so far does.</summary>
    [Fact]
    public void Frames_BehindASlowLink_GetTheTimeThatBytesTook()
    {
        var session = new EdgeStepper();
        session.Step(new StartSession([.. Enumerable.Range(1, 12)]));
        session.Receive(new Welcome());
        session.Receive(EdgeStepper.SplitPlan());
        session.Step(new FrontReady());
        session.Receive(new SessionOpened { SessionId = 1, Epoch = 1 });
        while (session.Work is { } work)
            session.Step(new FrontComputed(work.Position, work.Tokens.Length, Padded(work), Statistics: null, Token: null, 10, 5));
        Assert.Equal(session.State.Options.AnswerTimeout, session.Timer);

        session.Now += TimeSpan.FromSeconds(4);
        session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = 4 });
        Assert.Equal(TimeSpan.FromSeconds(5 + (3 * 2 * 4)), session.Timer); // two more, each with the deviation of a first measurement
    }

    [Fact]
    public void Question_AboutLess_ThanIsSentByNow_TellsOfNoGap()
    {
        _session.RunToFirstFrames(promptCount: 30); // twelve tokens on their way
        _session.Step(new AnswerOverdue());
        Assert.Equal([12u], _session.SentSteps.Asked);
        _session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = 4 });
        Assert.Equal([12u], _session.SentSteps.Steps);
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 12, Position = 12 });
        Assert.Empty(_session.Sent<DecodeStep>());
        Assert.Equal((EdgePhase.Running, 4), (_session.State.Phase, _session.State.SentCount));
    }

    private static ByteString Padded(EdgeEffect.ComputeFront work) => ByteString.CopyFromUtf8($"{work.Position}+{work.Tokens.Length}".PadRight(5000));

    private void Tell(long byteCount) => _session.Step(new Outgoing(EdgeStepper.Worker, byteCount));
}
