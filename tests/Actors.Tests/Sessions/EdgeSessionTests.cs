using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Frames of four tokens for a prompt of ten, three of them on their way at most, unless a test says otherwise.</summary>
public sealed class EdgeSessionTests
{
    private readonly EdgeStepper _session = new();

    [Fact]
    public void Prompt_LongerThanTheWindow_SendsWhatTheWindowAllows()
    {
        _session.RunToFirstFrames(promptCount: 30);

        Assert.Equal((3, 0), (_session.State.SentCount, _session.State.AckedCount));
        _session.Receive(Result(nextPosition: 8));
        Assert.Equal([12u, 16u], _session.Sent<DecodeStep>().Select(step => step.Position));
    }

    [Fact]
    public void Nack_OfAGap_SendsFromTheGapOnOnce()
    {
        _session.RunToFirstFrames();
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 4 });
        Assert.Equal([4u, 8u], _session.Sent<DecodeStep>().Select(step => step.Position));

        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 4 });
        Assert.Empty(_session.Effects);
        _session.Step(new AnswerOverdue());
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 4 });
        Assert.Equal([4u, 8u], _session.Sent<DecodeStep>().Select(step => step.Position));
    }

    [Theory]
    [InlineData(0u)] // acknowledged
    [InlineData(5u)] // within a frame
    [InlineData(14u)] // not sent
    [InlineData(uint.MaxValue)]
    public void Nack_OfNoSentFrame_ChangesNothing(uint expectedPosition)
    {
        _session.RunToFirstFrames();
        _session.Receive(Result(nextPosition: 4));
        var before = _session.State;
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = expectedPosition });

        Assert.Empty(_session.Effects);
        Assert.Equal(before, _session.State);
    }

    [Fact]
    public void Nack_ThatNothingIsMissing_KeepsTheWorkerForAsLongAsTheLimit()
    {
        _session.RunToFirstFrames();
        var failed = TimeSpan.Zero;
        while (_session.State.Phase == EdgePhase.Running)
        {
            failed = _session.Now += _session.Timer!.Value;
            _session.Step(new AnswerOverdue());
            _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 10 });
        }

        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
        Assert.InRange(failed, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(75));
    }

    [Fact]
    public void Timeout_WithoutAnswers_AsksWhatArrivedAndThenLosesTheWorker()
    {
        _session.RunToFirstFrames();
        for (var attempt = 1; attempt < _session.State.Options.AttemptsMax; attempt++)
        {
            _session.Step(new AnswerOverdue());
            Assert.Equal([10u], _session.SentSteps.Asked);
            Assert.Empty(_session.SentSteps.Steps); // they may be there, or still on their way
        }

        _session.Step(new AnswerOverdue());
        Assert.Equal(Worker, Assert.Single(_session.Sent<PlanRequest>()).LostWorker);
        Assert.Equal(1u, Assert.Single(_session.Sent<CloseSession>()).Epoch);
    }

    [Fact]
    public void End_TellsWorkerAndScheduler()
    {
        _session.RunToFirstFrames();
        _session.Step(new CancelSession());

        var closed = _session.Effects.OfType<EdgeEffect.Send>().Where(send => send.Body is CloseSession).Select(send => send.To);
        Assert.Equal([Worker, EdgeStepper.Scheduler], closed, StringComparer.Ordinal);
        Assert.Equal(EndReason.Cancelled, _session.Ended!.Reason);
        _session.Receive(Result(nextPosition: 10, token: 5));
        Assert.Empty(_session.Effects);
    }

    [Fact]
    public void NewQuestion_AfterALateAnswer_GetsTheWholeTimeout()
    {
        _session.Step(new StartSession([1]));
        Assert.Equal(_session.State.Options.AnswerTimeout, _session.Timer);
        _session.Receive(new Welcome());
        Assert.Contains(_session.Effects, effect => effect is EdgeEffect.StartTimer);
    }

    [Fact]
    public void QueueFull_WithFramesOnTheirWay_SendsNothingUntilTheTimeIsOver()
    {
        _session.RunToFirstFrames();
        _session.Receive(QueueFull(retryAfterMs: 200));
        Assert.Equal(TimeSpan.FromMilliseconds(200), _session.Timer);

        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 4 });
        _session.Receive(QueueFull(retryAfterMs: 900));
        Assert.Empty(_session.Effects);
        _session.Receive(Result(nextPosition: 4));
        Assert.Equal(TimeSpan.FromMilliseconds(200), _session.Timer);
        _session.Step(new AnswerOverdue());
        Assert.Equal([4u, 8u], _session.Sent<DecodeStep>().Select(step => step.Position));
        Assert.Equal(0, _session.State.Attempts);
    }

    [Fact]
    public void QueueFull_ForLongerThanTheLimit_FailsWithTheDetail()
    {
        _session.RunToFirstFrames();
        for (var i = 0; i < 400 && _session.State.Phase != EdgePhase.Ended; i++)
        {
            _session.Now += TimeSpan.FromMilliseconds(200);
            _session.Receive(QueueFull(retryAfterMs: 200));
            if (_session.Timer is not null)
                _session.Step(new AnswerOverdue());
        }

        Assert.Equal(EdgePhase.Ended, _session.State.Phase);
        Assert.InRange(_session.Now, TimeSpan.FromSeconds(59), TimeSpan.FromSeconds(61));
    }

    [Fact]
    public void Rejected_WithAnAbsurdDelay_FailsAtOnce()
    {
        _session.RunToFirstFrames();
        _session.Receive(QueueFull(uint.MaxValue));

        Assert.StartsWith("Full. The session waited 0 s of at most 60 s.", _session.Ended!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownSession_AnsweredForEver_ReopensOnceThenFailsOverAndEnds()
    {
        _session.RunToFirstFrames();
        _session.Receive(new Rejected { SessionId = 1, Epoch = 1, Reason = RejectReason.UnknownSession });
        Assert.Equal(2u, Assert.Single(_session.Sent<OpenSession>()).Epoch);

        var pauses = new List<TimeSpan>();
        while (_session.State.Phase != EdgePhase.Ended)
        {
            _session.Receive(new SessionOpened { SessionId = 1, Epoch = _session.State.Epoch });
            _session.Receive(new Rejected { SessionId = 1, Epoch = _session.State.Epoch, Reason = RejectReason.UnknownSession, Detail = "Unknown." });
            if (_session.State.IsWaiting)
            {
                pauses.Add(_session.Timer!.Value);
                _session.Step(new AnswerOverdue());
            }

            if (_session.State.Phase != EdgePhase.Ended)
                _session.Receive(EdgeStepper.SplitPlan());
        }

        Assert.Equal(15, pauses.Count);
        Assert.Equal(TimeSpan.FromMilliseconds(100), pauses[0]);
        Assert.Equal(_session.State.Options.AnswerTimeout, pauses[^1]);
        Assert.Contains("Unknown.", _session.Ended!.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100u)]
    [InlineData(int.MaxValue + 1u)]
    [InlineData(uint.MaxValue)]
    public void Answer_WithATokenBeyondTheVocabulary_LosesTheWorker(uint token)
    {
        _session.RunToFirstFrames();
        _session.Receive(Result(nextPosition: 10, token));

        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
        Assert.Equal(10, _session.State.Tokens.Count);
    }

    [Theory]
    [InlineData(10u)] // the last frame, but no token
    [InlineData(11u)]
    [InlineData(int.MaxValue + 1u)]
    [InlineData(uint.MaxValue)]
    public void Answer_BeyondWhatWasSent_LosesTheWorker(uint nextPosition)
    {
        _session.RunToFirstFrames();
        _session.Receive(Result(nextPosition));

        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
    }

    [Fact]
    public void Answer_BeforeTheLastFrameWasSent_LosesTheWorker()
    {
        _session.RunToFirstFrames(promptCount: 30);
        _session.Receive(Result(nextPosition: 30, token: 5));

        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
        Assert.Equal(30, _session.State.Tokens.Count);
    }

    [Fact]
    public void Answers_OfOthers_ChangeNothing()
    {
        _session.RunToFirstFrames();
        var before = _session.State;
        _session.Receive(Result(nextPosition: 10, token: 5), from: "worker/2");
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 4 }, from: "worker/2");
        _session.Receive(new Rejected { SessionId = 1, Epoch = 1, Reason = RejectReason.BadRequest }, from: "worker/2");
        _session.Receive(new Rejected { SessionId = 1, Epoch = 0, Reason = RejectReason.BadRequest });
        _session.Receive(new Rejected { SessionId = 2, Epoch = 1, Reason = RejectReason.BadRequest });
        _session.Receive(Result(nextPosition: 10, token: 5, epoch: 2));
        _session.Step(new PeerLost("worker/2"));
        _session.Step(new Undelivered(EdgeStepper.Scheduler, "nobody"));

        Assert.Equal(before, _session.State);
    }

    [Fact]
    public void RepeatedAnswer_AfterTheNextToken_ChangesNothing()
    {
        _session.RunToFirstFrames();
        _session.Receive(Result(nextPosition: 10, token: 5));
        _session.Compute();
        var before = _session.State;
        _session.Receive(Result(nextPosition: 10, token: 5));

        Assert.Empty(_session.Effects);
        Assert.Equal(before, _session.State);
    }

    [Fact]
    public void LateAnswer_ToAnEarlierSend_MeasuresFromTheFirstSend()
    {
        _session.RunToFirstFrames();
        _session.Now = TimeSpan.FromSeconds(5);
        _session.Step(new AnswerOverdue());
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 0, Position = 10 });
        Assert.Equal([0u, 4u, 8u], _session.SentSteps.Steps);
        _session.Now = TimeSpan.FromSeconds(5.01);
        _session.Receive(Result(nextPosition: 10, token: 5));

        var bill = Assert.IsType<TokenGenerated>(Assert.IsType<EdgeEffect.Publish>(_session.Effects[0]).Event).Bill;
        Assert.Equal(5_010_000, bill.TransportUs);
        Assert.Equal(3, bill.ResentCount);
    }

    public static TheoryData<string, Plan> BadPlans => new()
    {
        { "no mode", new Plan(EdgeStepper.SplitPlan()) { Mode = ExecutionMode.Unspecified } },
        { "unknown mode", new Plan(EdgeStepper.SplitPlan()) { Mode = (ExecutionMode)77 } },
        { "no compression", new Plan(EdgeStepper.SplitPlan()) { Compression = null } },
        { "no worker", EdgeStepper.SplitPlan(worker: "") },
        { "nothing on the device", new Plan(EdgeStepper.SplitPlan()) { SplitLayer = 0 } },
        { "all on the device", new Plan(EdgeStepper.SplitPlan()) { SplitLayer = 8 } },
        { "more than all", new Plan(EdgeStepper.SplitPlan()) { SplitLayer = uint.MaxValue } },
        { "cloud with layers", new Plan(EdgeStepper.SplitPlan()) { Mode = ExecutionMode.Cloud } },
        { "device with a split", new Plan(EdgeStepper.SplitPlan()) { Mode = ExecutionMode.Device } },
    };

    [Theory]
    [MemberData(nameof(BadPlans))]
    public void Plan_ThatMakesNoSense_FailsTheSession(string reason, Plan plan)
    {
        _session.Step(new StartSession([1, 2]));
        _session.Receive(new Welcome());
        _session.Receive(plan);

        Assert.StartsWith("The plan says mode", _session.Ended!.Detail, StringComparison.Ordinal);
        Assert.NotEmpty(reason);
    }

    [Fact]
    public void NewPlan_WithAnotherSplitOrCompression_BeginsANewLeg()
    {
        foreach (var other in (Plan[])[
            new(EdgeStepper.SplitPlan()) { SplitLayer = 5 },
            new(EdgeStepper.SplitPlan()) { Compression = new Compression { Codec = Codec.Raw } }])
        {
            var session = new EdgeStepper();
            session.RunToFirstFrames();
            session.Step(new PeerLost(Worker));
            session.Receive(other);
            Assert.Equal(EdgePhase.Preparing, session.State.Phase);
            session.Step(new FrontReady());

            Assert.Equal(other.SplitLayer, Assert.Single(session.Sent<OpenSession>()).SplitLayer);
            Assert.Equal(0, Assert.IsType<EdgeEffect.ComputeFront>(session.Effects.Single(effect => effect is EdgeEffect.ComputeFront)).Position);
            Assert.Empty(session.State.Frames);
        }
    }

    [Fact]
    public void Start_WithABadPrompt_FailsAtOnce()
    {
        foreach (var prompt in (int[][])[[], [5, -1], [5, 100], [.. Enumerable.Repeat(1, 512)]])
        {
            var session = new EdgeStepper();
            session.Step(new StartSession([.. prompt]));

            Assert.Equal(EndReason.Failed, session.Ended!.Reason);
        }
    }

    [Fact]
    public void LimitOfTokens_AsLargeAsItGets_AsksForTheContext()
    {
        var session = new EdgeStepper(options => options with { GeneratedCountMax = int.MaxValue });
        session.Step(new StartSession([1, 2]));
        session.Receive(new Welcome());

        Assert.Equal(512u, Assert.Single(session.Sent<PlanRequest>()).TokenCountMax);
    }

    private const string Worker = EdgeStepper.Worker;

    private static StepResult Result(uint nextPosition, uint? token = null, uint epoch = 1)
    {
        var result = new StepResult { SessionId = 1, Epoch = epoch, NextPosition = nextPosition };
        if (token is { } id)
            result.Token = id;
        return result;
    }

    private static Rejected QueueFull(uint retryAfterMs) =>
        new() { SessionId = 1, Epoch = 1, Reason = RejectReason.QueueFull, RetryAfterMs = retryAfterMs, Detail = "Full." };
}
