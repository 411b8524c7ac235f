using Google.Protobuf;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Another scheduler, a leaving worker, and moves that cannot be loaded.</summary>
public sealed class EdgeTakeoverTests
{
    private readonly EdgeStepper _session = new();

    [Fact]
    public void SchedulerThatDoesNotKnowIt_IsToldOnceForEachReport_AndTheSessionGoesOn()
    {
        _session.RunToFirstFrames();
        _session.Step(new ReportDue());
        Assert.Single(_session.Sent<LinkReport>());
        var running = _session.State;

        _session.Receive(Unknown, EdgeStepper.Scheduler);

        var request = Assert.Single(_session.Sent<PlanRequest>());
        Assert.Equal(("", "worker/1", 4u, ExecutionMode.Split), (request.LostWorker, request.Current.Worker, request.Current.SplitLayer, request.Current.Mode));
        Assert.Equal(ByteString.CopyFrom(1, 2, 3), request.ModelDigest);
        Assert.Equal(running with { MayIntroduce = false }, _session.State);
        _session.Receive(Unknown, EdgeStepper.Scheduler);
        Assert.Empty(_session.Effects);
    }

    /// <summary>A no to its last report, which comes when it has lost its worker, ends nothing.</summary>
    [Fact]
    public void SchedulerThatDoesNotKnowIt_WhilePlanning_IsAnsweredByTheRequestThatIsThere()
    {
        _session.RunToFirstFrames();
        _session.Step(new ReportDue());
        _session.Step(new PeerLost("worker/1"));
        Assert.Equal("worker/1", Assert.Single(_session.Sent<PlanRequest>()).Current.Worker);

        _session.Receive(Unknown, EdgeStepper.Scheduler);

        Assert.Empty(_session.Effects);
        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
    }

    [Fact]
    public void PlanOfTheNewScheduler_ForWhereItRuns_ChangesNothingButRevisionAndDeadline()
    {
        _session.RunToFirstFrames();
        _session.Receive(new Plan(EdgeStepper.SplitPlan()) { Revision = 5 });
        Assert.Empty(_session.Sent<OpenSession>());
        Assert.Equal((5u, EdgePhase.Running, 1u), (_session.State.Revision, _session.State.Phase, _session.State.Epoch));
    }

    [Fact]
    public void Plan_ThatComesWhileTheDeviceWaitsToAskAgain_IsFollowed()
    {
        _session.Step(new StartSession([1, 2, 3]));
        _session.Receive(new Welcome());
        _session.Receive(new Rejected { Reason = RejectReason.NoWorker, RetryAfterMs = 5000 }, EdgeStepper.Scheduler);
        Assert.True(_session.State.IsWaiting);

        _session.Receive(new Plan(EdgeStepper.SplitPlan()) { SplitLayer = 8 }); // makes no sense
        Assert.True(_session.State.IsWaiting);
        _session.Receive(EdgeStepper.SplitPlan());
        _session.Step(new FrontReady());
        Assert.Single(_session.Sent<OpenSession>());
    }

    /// <summary>The scheduler may not know yet what the device knows.</summary>
    [Fact]
    public void Plan_ThatNamesTheLostWorkerAgain_OrIsOfAnEarlierTime_IsNotFollowedWhileTheDeviceWaits()
    {
        _session.RunToFirstFrames();
        _session.Receive(new Plan(EdgeStepper.SplitPlan()) { Revision = 5 });
        for (var loss = 0; loss < 2; loss++)
        {
            _session.Step(new PeerLost("worker/1"));
            if (!_session.State.IsWaiting)
                _session.Receive(new Plan(EdgeStepper.SplitPlan()) { Revision = 6 });
        }

        Assert.True(_session.State.IsWaiting);
        _session.Receive(new Plan(EdgeStepper.SplitPlan()) { Revision = 7 });
        _session.Receive(new Plan(EdgeStepper.SplitPlan("worker/2")) { Revision = 5 });
        Assert.Equal((EdgePhase.Planning, true), (_session.State.Phase, _session.State.IsWaiting));
        _session.Receive(new Plan(EdgeStepper.SplitPlan("worker/2")) { Revision = 6 });
        Assert.Equal((EdgePhase.Opening, "worker/2"), (_session.State.Phase, _session.State.Worker));
    }

    [Fact]
    public void NewPlan_ThatComesWhileTheWorkerIsFull_IsFollowedAtOnce()
    {
        _session.RunToFirstFrames();
        _session.Receive(new Rejected { SessionId = 1, Epoch = 1, Reason = RejectReason.QueueFull, RetryAfterMs = 5000 });
        _session.Receive(new Plan(EdgeStepper.SplitPlan("worker/2")) { Revision = 1 });

        Assert.Equal((EdgePhase.Opening, "worker/2"), (_session.State.Phase, _session.State.Worker));
    }

    [Fact]
    public void Opening_ThatIsAnsweredWhileTheDeviceWaits_BeginsAtOnce()
    {
        _session.Step(new StartSession([1, 2, 3]));
        _session.Receive(new Welcome());
        _session.Receive(EdgeStepper.SplitPlan());
        _session.Step(new FrontReady());
        _session.Compute();
        _session.Receive(new Rejected { SessionId = 1, Epoch = 1, Reason = RejectReason.SessionLimit, RetryAfterMs = 5000 });
        _session.Receive(new SessionOpened { SessionId = 1, Epoch = 1 });

        Assert.Single(_session.Sent<DecodeStep>());
    }

    [Fact]
    public void LeavingWorker_MakesTheDeviceAskForAnother()
    {
        _session.Step(new StartSession([1, 2, 3]));
        _session.Receive(new Welcome());
        _session.Receive(EdgeStepper.SplitPlan());
        _session.Step(new FrontReady());
        _session.Receive(new Rejected { SessionId = 1, Epoch = 1, Reason = RejectReason.Leaving, Detail = "Leaving." });

        Assert.Equal("worker/1", Assert.Single(_session.Sent<PlanRequest>()).LostWorker);
        Assert.Empty(_session.Sent<CloseSession>());
        _session.Receive(EdgeStepper.SplitPlan("worker/2"));
        Assert.Equal(2u, Assert.Single(_session.Sent<OpenSession>()).Epoch);
    }

    [Fact]
    public void MoveToAnotherWorker_InTheMiddleOfThePrompt_ReplaysWhatWasComputed()
    {
        var session = new EdgeStepper(options => options with { Deadline = TimeSpan.FromMilliseconds(50) });
        session.Step(new StartSession([.. Enumerable.Range(1, 10)]));
        session.Receive(new Welcome());
        session.Receive(EdgeStepper.SplitPlan());
        session.Step(new FrontReady());
        session.Receive(new SessionOpened { SessionId = 1, Epoch = 1 });
        session.Compute();

        session.Receive(new Plan(EdgeStepper.SplitPlan("worker/2")) { Revision = 2, Reason = "worker/1 is leaving", Deadline = new Deadline { PromisedUs = 60_000, DeviceUs = 45_000 } });
        session.Compute();

        Assert.Equal(EdgePhase.Opening, session.State.Phase);
        var open = Assert.Single(session.Sent<OpenSession>());
        Assert.Equal((2u, 15_000u), (open.Epoch, open.WorkerUs));
        session.Receive(new SessionOpened { SessionId = 1, Epoch = 2 }, from: "worker/2");
        Assert.Equal([0u, 4u], session.Sent<DecodeStep>().Select(step => step.Position));
    }

    /// <summary>Its old leg can go on with another worker.</summary>
    [Fact]
    public void MoveThatCannotBeLoaded_WhileItsWorkerIsLost_LeavesTheSessionWhereItWas()
    {
        _session.RunToFirstFrames();
        _session.Receive(new Plan(EdgeStepper.SplitPlan("worker/2")) { SplitLayer = 2, Revision = 2 });
        _session.Step(new PeerLost("worker/1"));
        Assert.Equal(2u, Assert.Single(_session.Sent<PlanRequest>()).Current.SplitLayer);

        _session.Step(new FrontUnavailable("No memory."));

        Assert.Equal(4u, Assert.Single(_session.Sent<PlanRequest>()).Current.SplitLayer);
        Assert.Single(_session.Effects.OfType<EdgeEffect.Publish>(), published => published.Event is MoveAbandoned);
        _session.Receive(new Plan(EdgeStepper.SplitPlan("worker/2")) { Revision = 3 });
        Assert.Equal(EdgePhase.Opening, _session.State.Phase);
    }

    [Fact]
    public void PlanThatCannotBeLoaded_AgainAndAgain_FailsInTheEnd()
    {
        var session = new EdgeStepper(options => options with { FailoversMax = 3 });
        session.RunToFirstFrames();
        session.Step(new PeerLost("worker/1"));
        var revision = 1u;
        for (var loads = 1; session.State.Phase != EdgePhase.Ended; loads++)
        {
            Assert.InRange(loads, 1, 3);
            session.Receive(new Plan(EdgeStepper.SplitPlan("worker/2")) { SplitLayer = 2, Revision = ++revision });
            session.Step(new FrontUnavailable("No memory."));
            if (session.State.Phase == EdgePhase.Planning)
                session.Step(new AnswerOverdue());
        }

        Assert.Equal(EndReason.Failed, session.Ended!.Reason);
    }

    [Fact]
    public void PromiseOfAHandOver_HoldsFromItsBeginning()
    {
        var session = new EdgeStepper(options => options with { Deadline = TimeSpan.FromMilliseconds(50) });
        session.Step(new StartSession([1]));
        session.Receive(new Welcome());
        session.Receive(new Plan(EdgeStepper.SplitPlan()) { Mode = ExecutionMode.Handoff, Deadline = new Deadline { PromisedUs = 90_000 } });
        session.Step(new FrontReady());
        session.Step(session.Computed(session.Work!));

        Assert.Equal(90_000, session.State.TokenPromisedUs);
    }

    private static Rejected Unknown => new() { SessionId = 1, Reason = RejectReason.UnknownSession, Detail = "Unknown." };
}
