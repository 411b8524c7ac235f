using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Sessions of several splits on one worker.</summary>
public sealed class BackendWorkerSplitTests
{
    private readonly WorkerStepper _worker = new();

    [Fact]
    public void Open_AtEverySplitThatTheWorkerHolds_IsServedWithTheLayersFromThere()
    {
        var worker = new WorkerStepper(options => options with { SessionCountMax = 4 });
        for (var splitLayer = 4u; splitLayer < 8; splitLayer++)
        {
            worker.Open(session: splitLayer, splitLayer: splitLayer);
            Assert.Contains(new WorkerEffect.CreateCache(SessionKey.Of(WorkerStepper.Edge, splitLayer), LayerCount: 8 - (int)splitLayer, TokenCountMax: 40), worker.Effects);
        }
    }

    [Fact]
    public void Batches_OfSeveralSplits_CountTheLayersOfTheDeepestAndOfEachRow()
    {
        _worker.Open(session: 1, splitLayer: 4);
        _worker.Open(session: 2, splitLayer: 7);
        _worker.Open(session: 3, splitLayer: 6);
        _worker.Receive(WorkerStepper.DecodeStep(0, 1, session: 2)); // alone
        _worker.Receive(WorkerStepper.DecodeStep(0, 2, session: 1));
        _worker.Receive(WorkerStepper.DecodeStep(0, 3, session: 3));
        _worker.Receive(new DecodeStep(WorkerStepper.DecodeStep(1, 1, session: 2)) { KeysAndValues = ByteString.CopyFromUtf8("as they are") });
        _worker.Compute();
        Assert.Equal((1, 1, 1), (_worker.State.LayersComputed, _worker.State.LayerRowsComputed, _worker.State.RowsComputed));
        _worker.Compute(isRefused: step => step.SessionId == 1);
        Assert.Equal((1 + 2, 1 + (3 * 2), 1 + 3 + 1), (_worker.State.LayersComputed, _worker.State.LayerRowsComputed, _worker.State.RowsComputed));
        _worker.Receive(WorkerStepper.DecodeStep(0, 2, session: 1));
        _worker.Compute();
        Assert.Equal((3 + 4, 7 + (2 * 4), 5 + 2), (_worker.State.LayersComputed, _worker.State.LayerRowsComputed, _worker.State.RowsComputed));
    }

    [Fact]
    public void TokenIds_OfASessionWithASplit_AreRefusedThoughTheWorkerHasTheEmbedding()
    {
        var worker = new WorkerStepper(options => options with { Layers = new(0, 8) });
        worker.Open(splitLayer: 4);
        worker.Receive(new DecodeStep(WorkerStepper.DecodeStep(0, 1)) { Tokens = new TokenIds { Ids = { 1 } } });
        Assert.Equal(RejectReason.BadRequest, Assert.Single(worker.Sent<Rejected>()).Reason);
    }

    [Fact]
    public void TokenIds_OnACloudWorker_AreChecked()
    {
        var worker = new WorkerStepper(options => options with { Layers = new(0, 8) });
        worker.Open(splitLayer: 0);
        foreach (var ids in (uint[][])[[1], [1, 100], [1, uint.MaxValue], [1, 2, 3]])
        {
            worker.Receive(new DecodeStep(WorkerStepper.DecodeStep(0, 2)) { Tokens = new TokenIds { Ids = { ids } } });
            Assert.Equal(RejectReason.BadRequest, Assert.Single(worker.Sent<Rejected>()).Reason);
        }

        worker.Receive(new DecodeStep(WorkerStepper.DecodeStep(0, 2)) { Tokens = new TokenIds { Ids = { 1, 99 } } });
        Assert.NotNull(worker.Batch);
    }
}
