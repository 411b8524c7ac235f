using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>A device whose worker is lost goes on with an alternative of its plan, and tells the scheduler afterwards.</summary>
public sealed class AlternativesTests
{
    private readonly EdgeStepper _session = new();

    [Fact]
    public void LostWorker_WithAlternatives_GoesOnAtTheFirst_WithoutAskingAnyone()
    {
        Begin();
        _session.Step(new PeerLost(EdgeStepper.Worker));

        var open = Assert.Single(_session.Effects.OfType<EdgeEffect.Send>());
        Assert.Equal("worker/2", open.To);
        Assert.Equal(2u, Assert.IsType<OpenSession>(open.Body).Epoch);
        Assert.Equal((EdgeStepper.Worker, "worker/2"), (Events<WorkerReplaced>().Single().Lost, Events<SessionPlanned>().Single().Plan.Worker));
    }

    [Fact]
    public void OpenedAlternative_IsToldToTheScheduler_WithTheLostWorker()
    {
        Begin();
        _session.Step(new PeerLost(EdgeStepper.Worker));
        _session.Receive(new SessionOpened { SessionId = 1, Epoch = 2 }, "worker/2");

        var told = Assert.Single(_session.Sent<PlanRequest>());
        Assert.True(told.HasMoved);
        Assert.Equal((EdgeStepper.Worker, "worker/2"), (told.LostWorker, told.Current.Worker));
        Assert.Equal([0u, 4u, 8u], _session.SentSteps.Steps); // and all frames are replayed
    }

    [Theory]
    [InlineData(RejectReason.SessionLimit)]
    [InlineData(RejectReason.Leaving)]
    [InlineData(RejectReason.ModelDigest)]
    public void AlternativeThatRefuses_CostsOneRefusal(RejectReason reason)
    {
        Begin();
        _session.Step(new PeerLost(EdgeStepper.Worker));
        Refuse("worker/2", epoch: 2, reason);
        var next = Assert.Single(_session.Effects.OfType<EdgeEffect.Send>());
        Assert.Equal(("worker/3", 3u), (next.To, Assert.IsType<OpenSession>(next.Body).Epoch));

        Refuse("worker/3", epoch: 3, reason);
        Assert.Equal(EdgePhase.Planning, _session.State.Phase);
        Assert.Equal(EdgeStepper.Worker, Assert.Single(_session.Sent<PlanRequest>()).LostWorker); // asks at once, and names who was lost
        Assert.Empty(Events<WorkerReplaced>());
    }

    [Fact]
    public void AlternativeThatIsGone_CostsOneMessage()
    {
        Begin();
        _session.Step(new PeerLost(EdgeStepper.Worker));
        _session.Step(new Undelivered("worker/2", "nobody has this address"));
        Assert.Equal("worker/3", Assert.Single(_session.Effects.OfType<EdgeEffect.Send>()).To);
    }

    [Fact]
    public void PlanThatCrossesTheMove_IsNotFollowed_AndANewerOneIs()
    {
        Begin();
        _session.Step(new PeerLost(EdgeStepper.Worker));
        _session.Receive(new SessionOpened { SessionId = 1, Epoch = 2 }, "worker/2");
        _session.Receive(new Plan(EdgeStepper.SplitPlan()) { Revision = 8 });
        Assert.Equal("worker/2", _session.State.Worker);

        _session.Receive(new Plan(EdgeStepper.SplitPlan("worker/4")) { Revision = 9 });
        Assert.Equal("worker/4", _session.State.Relocation?.Plan.Worker);
    }

    [Fact]
    public void ChangedAlternatives_ReplaceThoseOfThePlan_IfTheyAreForItsWorker()
    {
        Begin();
        _session.Receive(Changed(EdgeStepper.Worker), EdgeStepper.Scheduler);
        Assert.Equal("worker/9", Assert.Single(_session.State.Plan!.Alternatives).Worker);
        _session.Receive(Changed("worker/2"), EdgeStepper.Scheduler);
        Assert.Equal("worker/9", Assert.Single(_session.State.Plan!.Alternatives).Worker);

        static AlternativesChanged Changed(string worker) =>
            new() { SessionId = 1, Worker = worker, Alternatives = { new Alternative { Worker = worker == EdgeStepper.Worker ? "worker/9" : "worker/8" } } };
    }

    [Fact]
    public void Alternatives_ThatNoWorkerSurvives_LeadToTheScheduler_WithPauses()
    {
        Begin();
        var asked = 0;
        for (var loss = 0; loss < 8 && _session.Ended is null; loss++)
        {
            _session.Step(new PeerLost(_session.State.Worker));
            if (_session.State.Phase != EdgePhase.Planning)
                continue;
            asked++;
            if (_session.State.IsWaiting)
                _session.Step(new AnswerOverdue());
            _session.Receive(new Plan(EdgeStepper.WithAlternatives(EdgeStepper.SplitPlan())) { Revision = _session.State.Revision + 1 });
        }

        Assert.InRange(asked, 3, 8);
        Assert.Equal(4, _session.State.OwnChoiceCount);
    }

    private void Begin() => _session.RunToFirstFrames(plan: new Plan(EdgeStepper.WithAlternatives(EdgeStepper.SplitPlan())) { Revision = 7 });

    private void Refuse(string worker, uint epoch, RejectReason reason) =>
        _session.Receive(new Rejected { SessionId = 1, Epoch = epoch, Reason = reason, Detail = "No.", RetryAfterMs = 200 }, worker);

    private IEnumerable<T> Events<T>()
        where T : SessionEvent => _session.Effects.OfType<EdgeEffect.Publish>().Select(publish => publish.Event).OfType<T>();
}
