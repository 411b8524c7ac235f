using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>What a session measures of its link, says of it, and makes of its deadline.</summary>
public sealed class EdgeLinkTests
{
    private static readonly LinkObservation Observation = new(new Estimate(5e6, 1e5), new Estimate(0.02, 1e-4), new Estimate(0.01, 0.001), SampleCount: 40, StepSecondsWorst: 0.045);

    [Fact]
    public void StepThatHadTheLinkForItself_IsMeasured_WithoutTheWorkersTime()
    {
        var session = Running();
        session.Now += TimeSpan.FromMilliseconds(30);
        session.Receive(Answer(session, queueUs: 2000, computeUs: 5000));

        var trip = Assert.Single(session.Effects.OfType<EdgeEffect.MeasureRoundTrip>());
        Assert.Equal(23_000, trip.Microseconds);
        Assert.InRange(trip.ByteCount, 20, 100); // both messages
    }

    [Fact]
    public void StepsBehindOthers_AreNotMeasured()
    {
        var session = new EdgeStepper();
        session.RunToFirstFrames(promptCount: 12); // three chunks on their way
        session.Now += TimeSpan.FromMilliseconds(20);
        session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = 4 });
        Assert.Single(session.Effects.OfType<EdgeEffect.MeasureRoundTrip>());
        session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = 8 });
        Assert.Empty(session.Effects.OfType<EdgeEffect.MeasureRoundTrip>());
    }

    /// <summary>The device computed the second chunk for longer than the first was on the link.</summary>
    [Theory]
    [InlineData(20, 1)]
    [InlineData(19, 0)]
    public void StepThatWaitsForItsWorker_ButNotForTheLink_IsMeasured(int computeMs, int count)
    {
        var session = new EdgeStepper();
        session.Step(new StartSession([1, 2, 3, 4, 5, 6]));
        session.Receive(new Welcome());
        session.Receive(EdgeStepper.SplitPlan());
        session.Step(new FrontReady());
        session.Receive(new SessionOpened { SessionId = 1, Epoch = 1 });
        session.Compute();
        session.Now += TimeSpan.FromMilliseconds(computeMs);
        session.Compute();
        session.Now += TimeSpan.FromMilliseconds(100 - computeMs);
        session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = 4, ComputeUs = 80_000 });
        session.Receive(Answer(session, queueUs: 70_000));

        Assert.Equal(count, session.Effects.OfType<EdgeEffect.MeasureRoundTrip>().Count());
    }

    [Fact]
    public void StepThatWasSentAgain_CountsAsALoss_AndIsNotMeasured()
    {
        var session = Running();
        session.Now += TimeSpan.FromSeconds(5);
        session.Step(new AnswerOverdue());
        Assert.Empty(session.Effects.OfType<EdgeEffect.CountLoss>()); // it may be there
        session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = 0, Position = 3 });
        Assert.Single(session.Effects.OfType<EdgeEffect.CountLoss>());
        session.Receive(Answer(session));

        Assert.Empty(session.Effects.OfType<EdgeEffect.MeasureRoundTrip>());
        Token(session, TimeSpan.FromMilliseconds(20)); // the next one is sent once
        Assert.Single(session.Effects.OfType<EdgeEffect.MeasureRoundTrip>());
    }

    [Fact]
    public void StepThatIsToldToWait_IsNoLoss()
    {
        var session = Running();
        session.Receive(new Rejected { SessionId = 1, Epoch = 1, Reason = RejectReason.QueueFull, RetryAfterMs = 200 });
        session.Step(new AnswerOverdue());

        Assert.Single(session.Sent<DecodeStep>());
        Assert.Empty(session.Effects.OfType<EdgeEffect.CountLoss>());
    }

    [Fact]
    public void Reports_HoldTheMeasurement_AndTheWorstCase()
    {
        var session = Running(options => options with { LinkReportTokens = 1 });
        session.Step(new LinkMeasured(Observation));
        Token(session, TimeSpan.FromMilliseconds(20));

        var report = Assert.Single(session.Sent<LinkReport>());
        Assert.Equal(
            new LinkMeasurement
            {
                BitsPerSecond = 5e6,
                BitsPerSecondError = 1e5,
                RoundTripUs = 20_000,
                RoundTripUsError = 100,
                Loss = 0.01,
                LossError = 0.001,
                SampleCount = 40,
            },
            report.Measured);
        Assert.Equal(45_000u, report.LinkUsWorst);
    }

    [Fact]
    public void Request_HoldsWhatIsKnownOfDeadlineDeviceAndLink()
    {
        var declared = LinkProfile.Of(8e6, 8e6, TimeSpan.FromMilliseconds(20));
        var request = Request(options => options with { Link = declared, StepBytesMax = 1000 });
        Assert.Equal((50_000u, 3000u), (request.DeadlineUs, request.DeviceUs));
        Assert.Equal(21_064u, request.LinkUsWorst); // 1,000 bytes there, 64 back, at a microsecond each

        Assert.Equal(7000u, Request(options => options).LinkUsWorst); // as the hello took
        Assert.False(Request(options => options with { Deadline = null }).HasDeadlineUs);

        static PlanRequest Request(Func<EdgeOptions, EdgeOptions> change)
        {
            var session = new EdgeStepper(options => change(options with { Deadline = TimeSpan.FromMilliseconds(50), DeviceTime = TimeSpan.FromMilliseconds(3) }));
            session.Step(new StartSession([1, 2, 3]));
            session.Now += TimeSpan.FromMilliseconds(7);
            session.Receive(new Welcome());
            return session.Sent<PlanRequest>().Single();
        }
    }

    [Fact]
    public void Tokens_CountByWhatWasPromisedWhenTheyBegan()
    {
        var session = Running(options => options with { Deadline = TimeSpan.FromMilliseconds(50) });
        Assert.Equal((0, 0, 0), Counts(Token(session, TimeSpan.FromMilliseconds(500)))); // the first has none
        Assert.Equal((1, 0, 0), Counts(Token(session, TimeSpan.FromMilliseconds(50))));
        Assert.Equal((0, 0, 1), Counts(Token(session, TimeSpan.FromMilliseconds(51))));

        Promise(session, 80_000);
        Assert.Equal(80_000u, Assert.IsType<DeadlineUpdated>(session.Effects.OfType<EdgeEffect.Publish>().Single().Event).Deadline.PromisedUs);
        Assert.Equal((0, 0, 1), Counts(Token(session, TimeSpan.FromMilliseconds(70)))); // told only after it began
        Assert.Equal((0, 1, 0), Counts(Token(session, TimeSpan.FromMilliseconds(70))));
        Assert.Equal((1, 0, 0), Counts(Token(session, TimeSpan.FromMilliseconds(40))));
        Assert.Equal((0, 0, 1), Counts(Token(session, TimeSpan.FromMilliseconds(81))));
    }

    [Fact]
    public void MissedToken_IsReportedAtOnce()
    {
        var session = Running(options => options with { Deadline = TimeSpan.FromMilliseconds(50) });
        Token(session, TimeSpan.FromMilliseconds(10));
        Token(session, TimeSpan.FromMilliseconds(40));
        Assert.Empty(session.Sent<LinkReport>());
        Token(session, TimeSpan.FromMilliseconds(90));

        Assert.Equal(1u, Assert.Single(session.Sent<LinkReport>()).MissedCount);
    }

    [Fact]
    public void Promise_OfAnotherSession_OrWithoutADeadline_ChangesNothing()
    {
        var other = Running(options => options with { Deadline = TimeSpan.FromMilliseconds(50) });
        other.Receive(new DeadlineChanged { SessionId = 2, Deadline = new Deadline { PromisedUs = 90_000 } }, EdgeStepper.Scheduler);
        Assert.Null(other.State.Deadline);

        var without = Running();
        Promise(without, 90_000);
        Assert.Empty(without.Effects);
    }

    private static EdgeStepper Running(Func<EdgeOptions, EdgeOptions>? change = null)
    {
        var session = new EdgeStepper(change);
        session.RunToFirstFrames(promptCount: 3); // one chunk
        return session;
    }

    private static void Promise(EdgeStepper session, uint microseconds) =>
        session.Receive(new DeadlineChanged { SessionId = 1, Deadline = new Deadline { PromisedUs = microseconds } }, EdgeStepper.Scheduler);

    /// <summary>The next token, after a time; and the frame of the one after it goes out.</summary>
    private static TokenBill Token(EdgeStepper session, TimeSpan time)
    {
        if (session.Work is not null)
            session.Compute();
        session.Now += time;
        session.Receive(Answer(session));
        return session.Effects.OfType<EdgeEffect.Publish>().Select(publish => publish.Event).OfType<TokenGenerated>().Single().Bill;
    }

    private static StepResult Answer(EdgeStepper session, uint queueUs = 0, uint computeUs = 0) => new()
    {
        SessionId = 1,
        Epoch = session.State.Epoch,
        NextPosition = (uint)session.State.Tokens.Count,
        Token = 7,
        QueueUs = queueUs,
        ComputeUs = computeUs,
    };

    private static (int Kept, int Degraded, int Missed) Counts(TokenBill bill) => (bill.KeptCount, bill.DegradedCount, bill.MissedCount);
}
