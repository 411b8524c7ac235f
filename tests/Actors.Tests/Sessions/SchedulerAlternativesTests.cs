using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Which alternatives a plan has, and what the scheduler makes of a device that has taken one.</summary>
public sealed class SchedulerAlternativesTests
{
    private readonly SchedulerWorld _world = new();

    [Fact]
    public void Plan_HasTheLeastLoadedOthers_AtMostThree()
    {
        _world.Greet("worker/1", "worker/2", "worker/3", "worker/4", "worker/5");
        for (var session = 1ul; session <= 4; session++)
            _world.Place(session);
        var plan = _world.Place(5)!;

        Assert.Equal(3, plan.Alternatives.Count);
        Assert.DoesNotContain(plan.Worker, plan.Alternatives.Select(other => other.Worker), StringComparer.Ordinal);
        Assert.Equal(5000u, plan.HedgePauseMs);
    }

    [Fact]
    public void Alternatives_AreNoneThatLeave_AreSilent_ComputeOtherBitsOrAreFull()
    {
        _world.Greet("worker/1", "worker/2");
        _world.Status("worker/2", isLeaving: true);
        Greet("worker/other-numerics", numericsId: 7);
        Greet("worker/full", sessionCountMax: 0);
        Assert.Empty(_world.Place(1)!.Alternatives);
    }

    [Fact]
    public void Spare_IsNothing_WhereMoreWaitsThanABatchHolds()
    {
        _world.Greet("worker/1");
        Greet("worker/2", batchRows: 8);
        _world.Receive("worker/2", new WorkerStatus { QueuedRows = 9 });
        var plans = Enumerable.Range(1, 4).Select(session => _world.Place((ulong)session)!).Where(plan => plan.Worker == "worker/1");
        Assert.All(plans, plan => Assert.Equal(0u, Assert.Single(plan.Alternatives).SpareSessionCount));
    }

    [Fact]
    public void SessionThatHasMoved_IsCountedWhereItIs_AndOnlyThere()
    {
        var (lost, taken) = PlaceAndMove();
        Assert.Equal(taken, _world.WorkerOf(1));
        Assert.Equal((0, 1), (_world.State.SessionsOn(lost).Count, _world.State.SessionsOn(taken).Count));
        Assert.True(_world.State.Workers[lost].IsSuspect);
        Assert.Equal(3u, Assert.Single(_world.Plans).Plan.Revision); // above the device's own
    }

    [Fact]
    public void MoveThatWasNotHeardOf_IsAskedFor_WhenAReportSaysALaterRevision()
    {
        _world.Greet("worker/1", "worker/2");
        var plan = _world.Place(1)!;
        _world.Report(1, plan.Revision + 1);
        Assert.Equal(RejectReason.UnknownSession, Assert.Single(_world.Sent.OfType<Rejected>()).Reason);

        var elsewhere = new Plan(plan) { Worker = plan.Alternatives[0].Worker, Revision = plan.Revision + 1 };
        _world.Place(1, current: elsewhere, revision: elsewhere.Revision);
        Assert.Equal(elsewhere.Worker, _world.WorkerOf(1));
        _world.Report(1, plan.Revision + 2);
        Assert.Empty(_world.Sent.OfType<Rejected>());
    }

    [Fact]
    public void Report_DrawsNewAlternatives_OnlyIfThoseThatWereToldHaveChanged()
    {
        _world.Greet("worker/1");
        var plan = _world.Place(1)!;
        Assert.Empty(plan.Alternatives);
        _world.Greet("worker/2");
        _world.Report(1, plan.Revision);
        var changed = Assert.Single(_world.Sent.OfType<AlternativesChanged>());
        Assert.Equal(("worker/1", "worker/2"), (changed.Worker, Assert.Single(changed.Alternatives).Worker));

        _world.Report(1, plan.Revision);
        Assert.Empty(_world.Sent);
        _world.Status("worker/2", isLeaving: true);
        _world.Report(1, plan.Revision);
        Assert.Empty(Assert.Single(_world.Sent.OfType<AlternativesChanged>()).Alternatives);
    }

    private (string Lost, string Taken) PlaceAndMove()
    {
        _world.Greet("worker/1", "worker/2");
        var plan = _world.Place(1)!;
        var taken = plan.Alternatives.Single().Worker;
        var request = SchedulerWorld.Request(1, plan.Worker, new Plan(plan) { Worker = taken, Revision = 2 }, revision: 2);
        request.HasMoved = true;
        _world.Receive("edge/1", request);
        return (plan.Worker, taken);
    }

    private void Greet(string worker, ulong numericsId = 0, uint sessionCountMax = 10, uint batchRows = 128) => _world.Receive(worker, new Hello
    {
        Role = Role.Worker,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Google.Protobuf.ByteString.CopyFrom(1, 2, 3),
        EndLayer = 8,
        SessionCountMax = sessionCountMax,
        NumericsId = numericsId,
        Profile = new WorkerProfile { BatchRowsMax = batchRows },
    });
}
