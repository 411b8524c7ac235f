using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Answers that are later than answers have been: what is asked again, when, and what is learnt from it.</summary>
public sealed class ReminderTests
{
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(20);

    private readonly EdgeStepper _session = new(options => options with { ReminderMin = TimeSpan.FromMilliseconds(250) });

    [Fact]
    public void LateToken_IsAskedForAgain_BeforeTheWorkerCountsAsSilent()
    {
        RunTokens(4);
        var delays = new List<double>();
        while (_session.State.Attempts == 0)
        {
            delays.Add(_session.Timer!.Value.TotalMilliseconds);
            Overdue();
            Assert.Equal((uint)_session.State.Tokens.Count - 1, Assert.Single(_session.Sent<DecodeStep>()).Position);
            Assert.Equal(1u, _session.State.Epoch);
        }

        Assert.Equal([250, 500, 250], delays); // two reminders, and a second of silence is an attempt
    }

    [Fact]
    public void SecondAnswer_SaysThatNothingWasLost_AndTheFirstCounts()
    {
        RunTokens(4);
        Overdue();
        _session.Now += RoundTrip;
        Answer(token: 9);
        Assert.Empty(_session.Effects.OfType<EdgeEffect.MeasureRoundTrip>()); // it may have been the answer to either
        _session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = (uint)_session.State.Tokens.Count - 1, Token = 9 });

        Assert.Equal(270_000, Assert.Single(_session.Effects.OfType<EdgeEffect.MeasureRoundTrip>()).Microseconds);
        Assert.Empty(_session.Effects.OfType<EdgeEffect.CountLoss>());
        _session.Compute();
        _session.Now += RoundTrip;
        Answer(token: 10);
        Assert.Empty(_session.Effects.OfType<EdgeEffect.CountLoss>());
    }

    [Fact]
    public void StepThatStillWaits_SaysThatNothingWasLost()
    {
        RunTokens(4);
        Overdue();
        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = (uint)_session.State.Tokens.Count });
        _session.Now += RoundTrip;
        Answer(token: 9);
        _session.Compute();
        _session.Now += RoundTrip;
        Answer(token: 10);

        Assert.Empty(_session.Effects.OfType<EdgeEffect.CountLoss>());
    }

    [Fact]
    public void OneAnswerToTwoSends_IsALoss_OnceALaterStepIsAnswered()
    {
        RunTokens(4);
        Overdue();
        _session.Now += RoundTrip;
        Answer(token: 9);
        Assert.Empty(_session.Effects.OfType<EdgeEffect.CountLoss>());
        _session.Compute();
        _session.Now += RoundTrip;
        Answer(token: 10);

        Assert.Single(_session.Effects.OfType<EdgeEffect.CountLoss>());
    }

    [Fact]
    public void LatePrompt_IsNotSentAgain_ButItsWorkerAskedWhetherItIsThere()
    {
        _session.RunToFirstFrames();
        Overdue();
        Assert.Equal([10u], _session.SentSteps.Asked);
        Assert.Empty(_session.SentSteps.Steps);

        _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 10, Position = 10 });
        Assert.Equal((EdgePhase.Running, 1u), (_session.State.Phase, _session.State.Epoch));
        Assert.Empty(_session.Sent<DecodeStep>());
        _session.Step(new Undelivered(EdgeStepper.Worker, "nobody has this address"));
        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
    }

    [Fact]
    public void LateOpening_IsAskedForAgain_UnderTheSameEpoch()
    {
        _session.Step(new StartSession([1, 2, 3]));
        _session.Receive(new Welcome());
        _session.Receive(EdgeStepper.SplitPlan());
        _session.Step(new FrontReady());
        Overdue();
        Assert.Equal(1u, Assert.Single(_session.Sent<OpenSession>()).Epoch);
        Assert.Equal(0, _session.State.Attempts);
    }

    [Fact]
    public void SchedulerThatIsNotThere_IsAskedMoreAndMoreSeldom_AndGivenUpInTheEnd()
    {
        _session.Step(new StartSession([1, 2, 3]));
        var delays = new List<double>();
        while (_session.Ended is null)
        {
            _session.Step(new Undelivered(EdgeStepper.Scheduler, "nobody has this address"));
            if (_session.Ended is not null)
                break;
            delays.Add(_session.Timer!.Value.TotalMilliseconds);
            _session.Now += _session.Timer!.Value;
            _session.Step(new AnswerOverdue());
            Assert.Single(_session.Sent<Hello>());
        }

        Assert.Equal([100, 100, 200, 400, 800, 1600, 3200, 5000, 5000], delays.Take(9));
        Assert.Contains("out of reach: nobody has this address", _session.Ended!.Detail, StringComparison.Ordinal);
        Assert.InRange(_session.Now, _session.State.Options.RefusedTimeMax - TimeSpan.FromSeconds(5), _session.State.Options.RefusedTimeMax);
    }

    [Fact]
    public void Questions_ToASilentScheduler_AreAskedAgainAtTheSamePace()
    {
        _session.Step(new StartSession([1, 2, 3]));
        Overdue();
        Assert.Single(_session.Sent<Hello>());
        _session.Receive(new Welcome());
        Overdue();
        Assert.Single(_session.Sent<PlanRequest>());
        Assert.Equal(0, _session.State.Attempts);
    }

    [Fact]
    public void AnswerTimes_FollowRfc6298()
    {
        var first = AnswerTimes.After(null, 100);
        Assert.Equal(new AnswerTimes(100, 50), first);
        Assert.Equal(TimeSpan.FromMicroseconds(300), first.LateAfter);
        Assert.Equal(new AnswerTimes(110, 57.5), AnswerTimes.After(first, 180));
        Assert.Equal(TimeSpan.FromMilliseconds(1.5), new AnswerTimes(0.01, 0.005).LateAfterAll(50_000)); // of bytes that take less than a clock's tick
    }

    private void RunTokens(int count)
    {
        _session.RunToFirstFrames();
        for (var token = 1; token <= count; token++)
        {
            _session.Now += RoundTrip;
            Answer(token);
            _session.Compute();
        }
    }

    private void Answer(int token) =>
        _session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = (uint)_session.State.Tokens.Count, Token = (uint)token });

    private void Overdue()
    {
        _session.Now += _session.Timer!.Value;
        _session.Step(new AnswerOverdue());
    }
}
