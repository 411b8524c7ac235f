using SplitActors.Actors.Protocol;
using SplitActors.Inference.Sampling;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>A worker admits only what it has memory for, and has all of it back when its sessions are gone.</summary>
public sealed class WorkerMemoryTests
{
    private const long PageBytes = 16 << 10; // of WorkerStepper's layout: 16 tokens

    private readonly WorkerStepper _worker = new(options => options with { KvBytesMax = 4 * PageBytes });

    [Fact]
    public void Open_ThatDoesNotFitBesideOthers_IsRefusedWithBothNumbersAndMayRetry()
    {
        _worker.Open(session: 1, tokenCountMax: 33); // 3 pages
        _worker.Open(session: 2, tokenCountMax: 17); // 2 pages
        var rejected = Assert.Single(_worker.Sent<Rejected>());
        Assert.Equal((RejectReason.Memory, 200u), (rejected.Reason, rejected.RetryAfterMs));
        Assert.Contains($"need {2 * PageBytes} bytes of keys and values; {PageBytes} of the worker's {4 * PageBytes} are free", rejected.Detail, StringComparison.Ordinal);

        _worker.Open(session: 3, tokenCountMax: 16);
        Assert.Single(_worker.Sent<SessionOpened>());
        Assert.Equal(4 * PageBytes, _worker.State.KvReservations.Bytes);

        _worker.Receive(new CloseSession { SessionId = 1, Epoch = 1 });
        _worker.Open(session: 2, tokenCountMax: 17);
        Assert.Single(_worker.Sent<SessionOpened>());
    }

    [Fact]
    public void Open_OfAHigherEpoch_CountsItsOwnReservationOnce()
    {
        _worker.Open(tokenCountMax: 64);
        _worker.Open(epoch: 2, tokenCountMax: 50);
        Assert.Single(_worker.Sent<SessionOpened>());
        Assert.Equal(4 * PageBytes, _worker.State.KvReservations.Bytes);
    }

    [Fact]
    public void Open_ThatFitsIntoNoEmptyWorker_IsRefusedForGood()
    {
        var worker = new WorkerStepper(options => options with { KvBytesMax = PageBytes });
        worker.Open(tokenCountMax: 17);
        var rejected = Assert.Single(worker.Sent<Rejected>());
        Assert.Equal((RejectReason.ContextLength, 0u), (rejected.Reason, rejected.RetryAfterMs));
        Assert.Contains($"need {2 * PageBytes} bytes of keys and values; the worker has {PageBytes}.", rejected.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AtALaterSplit_TakesTheMemoryOfItsLayersOnly()
    {
        for (var session = 1ul; session <= 3; session++)
            _worker.Open(session: session, tokenCountMax: 64, splitLayer: 7);
        Assert.Equal(3 * PageBytes, _worker.State.KvReservations.Bytes); // four pages of a quarter each
    }

    /// <summary>The pages of closed sessions serve others of their split at once, and of another when the last of them is gone.</summary>
    [Fact]
    public void Open_AtASplitOther_WaitsForTheLastSessionOfAPool()
    {
        _worker.Open(session: 1, tokenCountMax: 32, splitLayer: 4);
        _worker.Open(session: 2, tokenCountMax: 32, splitLayer: 4);
        Close(2);
        _worker.Open(session: 3, tokenCountMax: 16, splitLayer: 7);
        var rejected = Assert.Single(_worker.Sent<Rejected>());
        Assert.Equal(RejectReason.Memory, rejected.Reason);
        Assert.Contains($"need {PageBytes / 4} bytes of keys and values; 0 of the worker's {4 * PageBytes} are free", rejected.Detail, StringComparison.Ordinal);

        _worker.Open(session: 3, tokenCountMax: 32, splitLayer: 4);
        Assert.Single(_worker.Sent<SessionOpened>());
        Close(1);
        Close(3);
        Assert.Equal(0, _worker.State.KvReservations.BytesKept);
        _worker.Open(session: 3, tokenCountMax: 64, splitLayer: 5);
        Assert.Single(_worker.Sent<SessionOpened>());
        Assert.Equal(3 * PageBytes, _worker.State.KvReservations.BytesKept);
    }

    [Fact]
    public void Open_OfAHigherEpochAtAnotherSplit_FreesTheFormersMemory()
    {
        _worker.Open(tokenCountMax: 64, splitLayer: 4);
        _worker.Open(epoch: 2, tokenCountMax: 64, splitLayer: 6);
        Assert.Single(_worker.Sent<SessionOpened>());
        Assert.Equal(2 * PageBytes, _worker.State.KvReservations.BytesKept);
    }

    private void Close(ulong session) => _worker.Receive(new CloseSession { SessionId = session, Epoch = 1 });

    [Fact]
    public async Task Sessions_ThatDoNotFitTogether_RunOneAfterTheOther()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", options => options with { KvBytesMax = options.KvLayout.BytesFor(100) });
        var sessions = Enumerable.Range(0, 3)
            .Select(index => cluster.StartSession(Quill.Prompt(index), change: options => options with { GeneratedCountMax = 40, EndTokens = [] }))
            .ToList();
        cluster.RunUntilEnded(sessions);

        Assert.Contains(cluster.Network.Bodies<Rejected>(), rejected => rejected.Reason == RejectReason.Memory);
        for (var index = 0; index < 3; index++)
            Assert.Equal(Undisturbed.Tokens(Undisturbed.Compressed, Quill.Prompt(index), SamplingOptions.Greedy, 40), sessions[index].Tokens);
    }

    /// <summary>Stopped after every possible number of work items, with a batch running or not.</summary>
    [Fact]
    public async Task Worker_ThatStopsAtAnyStep_GivesAllMemoryBack()
    {
        for (var steps = 0; steps < 60; steps++)
        {
            await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
            var worker = cluster.StartWorker("worker/1");
            var session = cluster.StartSession(Quill.Prompt(0));
            cluster.RunUntil(() => session.Events.Count > 0);
            cluster.RunSteps(steps);
            worker.Stop();
            session.Actor!.Stop();
            cluster.Driver.RunFor(TimeSpan.FromSeconds(1));
            Assert.All(cluster.WorkerPools, pool => Assert.Equal(0, pool.BytesInUse));
            Assert.All(cluster.Fronts, front => Assert.Equal(0, front.KvBytes));
        }
    }

    [Fact]
    public async Task Worker_ThatFailsInABatch_GivesTheMemoryOfItsFormerIncarnationsBack()
    {
        await using var cluster = new SimulatedCluster(Undisturbed.Compressed);
        cluster.StartWorker("worker/1", engineClock: new FailingClock(cluster.Driver.Time, failAt: [20, 21]));
        var session = cluster.StartSession(Quill.Prompt(3));
        cluster.RunUntilEnded(session);
        cluster.Driver.RunFor(TimeSpan.FromSeconds(1));

        Assert.Equal(1 + cluster.Events.OfType<NodeRestarted>().Count(), cluster.WorkerPools.Count);
        Assert.All(cluster.WorkerPools, pool => Assert.Equal(0, pool.BytesInUse));
    }
}
