using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Workers that leave, and sessions of which nothing is heard.</summary>
public sealed class SchedulerLeavingTests
{
    private readonly SchedulerWorld _world = new();

    [Fact]
    public void LeavingWorker_GivesItsSessionsToTheOthers_ByPlansThatNobodyAskedFor()
    {
        _world.Greet("worker/1");
        _world.Place(1);
        _world.Place(2);
        _world.Greet("worker/2", "worker/3");

        _world.Status("worker/1", isLeaving: true);

        Assert.Equal(["edge/1 worker/2", "edge/2 worker/3"], _world.Plans.Select(sent => $"{sent.To} {sent.Plan.Worker}").Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.All(_world.Plans, sent => Assert.Equal((2u, "worker/1 is leaving", 4u), (sent.Plan.Revision, sent.Plan.Reason, sent.Plan.SplitLayer)));
        Assert.Equal("worker/2", _world.Place(3)!.Worker);
    }

    [Fact]
    public void LeavingWorkerWithoutAnother_KeepsItsSessions_UntilThereIsOne()
    {
        _world.Greet("worker/1");
        _world.Place(1);
        _world.Status("worker/1", isLeaving: true);
        Assert.Empty(_world.Plans);
        Assert.Equal("worker/1", _world.WorkerOf(1));
        Assert.Null(_world.Place(2));

        _world.Greet("worker/2");
        _world.Status("worker/1", isLeaving: true);
        Assert.Equal("worker/2", _world.Plans.Single().Plan.Worker);
    }

    [Fact]
    public void PlanToMoveThatWasLost_IsSentAgain_UntilTheDeviceKnowsItOrTheWorkerHasNone()
    {
        _world.Greet("worker/1");
        _world.Place(1);
        _world.Place(2);
        _world.Greet("worker/2");
        _world.Status("worker/1", isLeaving: true, sessionCount: 2);

        _world.Status("worker/1", isLeaving: true, sessionCount: 2);
        Assert.Equal([2u, 2u], _world.Plans.Select(sent => sent.Plan.Revision));
        _world.Report(1, revision: 2);
        _world.Status("worker/1", isLeaving: true, sessionCount: 1);
        Assert.Equal(("edge/2", "worker/2"), _world.Plans.Select(sent => (sent.To, sent.Plan.Worker)).Single());
        _world.Status("worker/1", isLeaving: true, sessionCount: 0);
        Assert.Empty(_world.Plans);
        _world.Status("worker/1", isLeaving: true, sessionCount: 1);
        Assert.Empty(_world.Plans);
    }

    [Fact]
    public void SilentSession_GivesItsPlaceAway_AfterTheLimitAndAQuarterAtMost()
    {
        _world.Greet("worker/1");
        _world.Place(1);
        _world.Place(2);
        for (_world.Now = TimeSpan.FromSeconds(10); _world.Now <= TimeSpan.FromSeconds(60); _world.Now += TimeSpan.FromSeconds(10))
        {
            _world.Status("worker/1");
            _world.Report(2);
        }

        Assert.Equal("worker/1", _world.WorkerOf(1));
        _world.Now = TimeSpan.FromSeconds(75);
        _world.Status("worker/1");
        Assert.Null(_world.WorkerOf(1));
        Assert.Equal("worker/1", _world.WorkerOf(2));
        Assert.Equal(1, _world.State.SessionsOn("worker/1").Count);
    }

    [Fact]
    public void LostDevice_TakesOnlyItsOwnSessions()
    {
        _world.Greet("worker/1");
        _world.Place(1);
        _world.Place(2);
        _world.Step(new PeerLost("edge/1"));
        Assert.Equal((null, "worker/1"), (_world.WorkerOf(1), _world.WorkerOf(2)));
    }
}
