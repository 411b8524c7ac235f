using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>A worker that is silent, and not gone: the device replays on an alternative, and goes on with whoever answers first.</summary>
public sealed class HedgingTests
{
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(20);

    private readonly EdgeStepper _session = new(options => options with { ReminderMin = TimeSpan.FromMilliseconds(250) });

    [Fact]
    public void SilentWorker_IsHedged_AfterAReminderWasNotAnswered()
    {
        RunTokens(4);
        Overdue();
        Assert.Null(_session.State.Hedged);
        Overdue();

        var open = Assert.Single(_session.Effects.OfType<EdgeEffect.Send>());
        Assert.Equal(("worker/2", 2u), (open.To, Assert.IsType<OpenSession>(open.Body).Epoch));
        Assert.Equal(1u, _session.State.Hedged?.Epoch);
        Assert.Equal(0.5, (_session.Now - _session.State.TokenAt).TotalSeconds, 3); // of silence
    }

    [Fact]
    public void WorkerThatSaysThatItIsSlow_IsNotHedged()
    {
        RunTokens(4);
        for (var i = 0; i < 5; i++)
        {
            Overdue();
            _session.Receive(new Nack { SessionId = 1, Epoch = 1, ExpectedPosition = (uint)_session.State.Tokens.Count });
            Assert.Null(_session.State.Hedged);
        }
    }

    [Fact]
    public void BytesThatStillLeave_AreNoSilence()
    {
        RunTokens(4);
        Overdue();
        for (var left = 9000; left > 0; left -= 1000)
        {
            _session.Step(new Outgoing(EdgeStepper.Worker, left));
            _session.Now += TimeSpan.FromSeconds(1);
            _session.Step(new AnswerOverdue());
            Assert.Null(_session.State.Hedged);
        }
    }

    [Fact]
    public void HedgeThatAnswersFirst_GoesOn_AndTheSilentWorkerIsClosed()
    {
        HedgeAndReplay();
        Answer("worker/2", epoch: 2, token: 50);

        Assert.Equal(("worker/2", 2u, 50), (_session.State.Worker, _session.State.Epoch, _session.State.Tokens[^1]));
        Assert.Equal((EdgeStepper.Worker, 1u), Closed().Single());
        Assert.True(Assert.Single(_session.Sent<PlanRequest>()).HasMoved);
        var bill = Bill();
        Assert.Equal((1, 1, 0, 14), (bill.HedgeCount, bill.HedgeWonCount, bill.HedgeLostCount, bill.HedgeRowCount));

        Answer(EdgeStepper.Worker, epoch: 1, token: 51); // and its late answer is nothing
        Assert.Equal(50, _session.State.Tokens[^1]);
    }

    [Fact]
    public void SilentWorkerThatAnswersFirst_GoesOn_AndTheHedgeIsClosed()
    {
        HedgeAndReplay();
        Answer(EdgeStepper.Worker, epoch: 1, token: 50);

        Assert.Equal((EdgeStepper.Worker, 1u, 50), (_session.State.Worker, _session.State.Epoch, _session.State.Tokens[^1]));
        Assert.Equal(("worker/2", 2u), Closed().Single());
        Assert.Empty(_session.Sent<PlanRequest>());
        var bill = Bill();
        Assert.Equal((1, 0, 1, 14), (bill.HedgeCount, bill.HedgeWonCount, bill.HedgeLostCount, bill.HedgeRowCount));

        _session.Compute();
        Assert.Equal(1u, Assert.Single(_session.Sent<DecodeStep>()).Epoch);
        Answer("worker/2", epoch: 2, token: 51);
        Assert.Equal(50, _session.State.Tokens[^1]);
    }

    [Fact]
    public void NextHedge_WaitsForThePauseOfThePlan_UnlessTheWorkerWasGone()
    {
        HedgeAndReplay();
        Answer(EdgeStepper.Worker, epoch: 1, token: 50);
        _session.Compute();
        for (var i = 0; i < 4; i++)
            Overdue();
        Assert.Null(_session.State.Hedged);
        Answer(EdgeStepper.Worker, epoch: 1, token: 51);

        _session.Now += TimeSpan.FromSeconds(5);
        _session.Compute();
        Overdue();
        Overdue();
        Assert.NotNull(_session.State.Hedged);

        var lost = new EdgeStepper(options => options with { ReminderMin = TimeSpan.FromMilliseconds(250) });
        RunTokens(lost, 4);
        Overdue(lost);
        Overdue(lost);
        lost.Step(new PeerLost(EdgeStepper.Worker));
        Assert.Equal((TimeSpan.Zero, 1), (lost.State.HedgeNotBefore, lost.State.Bill.HedgeWonCount));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(4u)]
    public void Alternatives_WithoutRoomToSpare_AreNotHedgedWith(uint spare)
    {
        RunTokens(_session, 4, spare);
        Overdue();
        Overdue();
        Assert.Equal(spare > 0, _session.State.Hedged is not null);
    }

    [Fact]
    public void RefusedHedge_TriesTheNext_AndThenWaitsOn()
    {
        RunTokens(4);
        Overdue();
        Overdue();
        Refuse("worker/2", epoch: 2);
        Assert.Equal(("worker/3", 3u), (_session.State.Worker, _session.State.Epoch));
        Refuse("worker/3", epoch: 3);

        Assert.Equal((EdgeStepper.Worker, 1u, EdgePhase.Running), (_session.State.Worker, _session.State.Epoch, _session.State.Phase));
        Answer(EdgeStepper.Worker, epoch: 1, token: 50);
        Assert.Equal((2, 0, 2), (Bill().HedgeCount, Bill().HedgeWonCount, Bill().HedgeLostCount));
    }

    /// <summary>Else the session would be counted there, also if the hedge loses.</summary>
    [Fact]
    public void SchedulerThatAsks_WhileHedging_IsToldOfTheSilentWorker()
    {
        HedgeAndReplay();
        _session.Step(new ReportDue());
        _session.Receive(new Rejected { SessionId = 1, Reason = RejectReason.UnknownSession }, EdgeStepper.Scheduler);
        Assert.Equal(EdgeStepper.Worker, Assert.Single(_session.Sent<PlanRequest>()).Current.Worker);
    }

    [Fact]
    public void EndOfTheSession_ClosesBoth()
    {
        HedgeAndReplay();
        _session.Step(new CancelSession());
        Assert.Equal([(EdgeStepper.Worker, 1u), ("worker/2", 2u)], Closed().Where(closed => closed.To != EdgeStepper.Scheduler).Order());
    }

    [Fact]
    public void PlanToAnotherLeg_WhileHedging_ClosesBoth()
    {
        RunTokens(4);
        Overdue();
        Overdue();
        _session.Receive(new Plan(EdgeStepper.SplitPlan("worker/4")) { Revision = 9 });
        Assert.Null(_session.State.Hedged);
        Assert.Equal([(EdgeStepper.Worker, 1u), ("worker/2", 2u)], Closed().Order());
        Assert.Equal(3u, Assert.Single(_session.Sent<OpenSession>()).Epoch);
    }

    private void HedgeAndReplay()
    {
        RunTokens(4);
        Overdue();
        Overdue();
        _session.Receive(new SessionOpened { SessionId = 1, Epoch = 2 }, "worker/2");
        while (_session.State.SentCount < _session.State.Frames.Count)
            _session.Receive(new StepResult { SessionId = 1, Epoch = 2, NextPosition = (uint)_session.State.Frames[_session.State.AckedCount].End }, "worker/2");
    }

    private void RunTokens(int count) => RunTokens(_session, count);

    private static void RunTokens(EdgeStepper session, int count, uint spare = 4)
    {
        session.RunToFirstFrames(plan: EdgeStepper.WithAlternatives(EdgeStepper.SplitPlan(), spare));
        for (var token = 1; token <= count; token++)
        {
            session.Now += RoundTrip;
            session.Receive(new StepResult { SessionId = 1, Epoch = 1, NextPosition = (uint)session.State.Tokens.Count, Token = (uint)token });
            session.Compute();
        }
    }

    private void Answer(string worker, uint epoch, int token) =>
        _session.Receive(new StepResult { SessionId = 1, Epoch = epoch, NextPosition = (uint)_session.State.Tokens.Count, Token = (uint)token }, worker);

    private void Refuse(string worker, uint epoch) =>
        _session.Receive(new Rejected { SessionId = 1, Epoch = epoch, Reason = RejectReason.SessionLimit, Detail = "No.", RetryAfterMs = 200 }, worker);

    private void Overdue() => Overdue(_session);

    private static void Overdue(EdgeStepper session)
    {
        session.Now += session.Timer!.Value;
        session.Step(new AnswerOverdue());
    }

    private IEnumerable<(string To, uint Epoch)> Closed() =>
        _session.Effects.OfType<EdgeEffect.Send>().Where(send => send.Body is CloseSession).Select(send => (send.To, ((CloseSession)send.Body).Epoch));

    private TokenBill Bill() => _session.Effects.OfType<EdgeEffect.Publish>().Select(publish => publish.Event).OfType<TokenGenerated>().Single().Bill;
}
