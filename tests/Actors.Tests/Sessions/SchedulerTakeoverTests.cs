using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Actors.Tests.Sessions;

/// <summary>A scheduler that knows nothing of sessions that run: a standby, or one that was started again.</summary>
public sealed class SchedulerTakeoverTests
{
    private readonly SchedulerWorld _world = new();

    [Fact]
    public void ReportOfAnUnknownSession_IsAskedWhereItRuns()
    {
        _world.Report(1);
        Assert.Equal((RejectReason.UnknownSession, 1ul), Assert.IsType<Rejected>(_world.Sent.Single()) is var rejected ? (rejected.Reason, rejected.SessionId) : default);
    }

    [Fact]
    public void IntroducedSession_StaysOnItsWorker_ThoughThatHasNotSaidHello()
    {
        var before = PlaceAndTakeOver();
        _world.Greet("worker/3");

        var plan = _world.Place(1, current: before, revision: 1)!;

        Assert.Equal((before.Worker, before.SplitLayer, before.Mode, 2u), (plan.Worker, plan.SplitLayer, plan.Mode, plan.Revision));
        Assert.Equal(before.Compression, plan.Compression);
        Assert.Equal("worker/2", _world.Place(2, current: new Plan(before) { SessionId = 2, Worker = "worker/2" }, revision: 1)!.Worker);
        _world.Greet("worker/1", "worker/2");
        Assert.Equal("worker/3", _world.Place(3)!.Worker); // the others have a session each
    }

    [Fact]
    public void IntroducedAgain_CountsOnce()
    {
        var before = PlaceAndTakeOver();
        for (var i = 0; i < 3; i++)
            Assert.Equal("worker/1", _world.Place(1, current: before, revision: 1 + (uint)i)!.Worker);
        Assert.Equal((1, 400), (_world.State.SessionsOn("worker/1").Count, _world.State.SessionsOn("worker/1").LayerTokens));
        _world.Receive("edge/1", new CloseSession { SessionId = 1 });
        Assert.Equal(0, _world.State.SessionsOn("worker/1").Count);
    }

    [Fact]
    public void FailoverToAnotherScheduler_KeepsTheSplitOfTheSession()
    {
        var before = PlaceAndTakeOver();
        _world.Greet("worker/2");
        var moved = new Plan(before) { SplitLayer = 6, Revision = 7 };

        var plan = _world.Place(1, lostWorker: "worker/1", current: moved, revision: 7)!;

        Assert.Equal(("worker/2", 6u, 8u), (plan.Worker, plan.SplitLayer, plan.Revision));
    }

    /// <summary>Its newest plan may have been lost: then the scheduler knows better.</summary>
    [Fact]
    public void DeviceThatDoesNotKnowItsNewestPlan_IsTold()
    {
        _world.Greet("worker/1");
        var first = _world.Place(1)!;
        _world.Place(1, revision: 1);
        Assert.Equal(4u, _world.Place(1, current: new Plan(first) { SplitLayer = 6 }, revision: 1)!.SplitLayer);
        Assert.Equal(6u, _world.Place(1, current: new Plan(first) { SplitLayer = 6 }, revision: 3)!.SplitLayer);
    }

    [Fact]
    public void SessionOfAnotherModel_IsRefused()
    {
        _world.Greet("worker/1");
        _world.Receive("edge/1", new PlanRequest(SchedulerWorld.Request(1)) { ModelDigest = ByteString.CopyFrom(9) });
        Assert.Equal(RejectReason.ModelDigest, Assert.IsType<Rejected>(_world.Sent.Single()).Reason);
        Assert.Empty(_world.State.Sessions);
    }

    public static TheoryData<string> Nonsense =>
    [
        """{ "mode": "SPLIT", "splitLayer": 9, "worker": "worker/7" }""",
        """{ "mode": "SPLIT", "splitLayer": 4294967295, "worker": "worker/7" }""",
        """{ "mode": "CLOUD", "splitLayer": 4, "worker": "worker/7" }""",
        """{ "mode": "DEVICE", "splitLayer": 8, "worker": "worker/7" }""",
        """{ "mode": "SPLIT", "splitLayer": 4 }""",
        """{ "splitLayer": 4, "worker": "worker/7" }""",
        """{ "mode": "SPLIT", "splitLayer": 4, "worker": "worker/7", "front": { "weightBits": 77 } }""",
        """{ "mode": "SPLIT", "splitLayer": 4, "worker": "worker/7", "compression": { "codec": "TABQ", "bitsMax": 99 } }""",
        """{ "mode": "SPLIT", "splitLayer": 4, "worker": "worker/7", "compression": { "codec": 77 } }""",
    ];

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void SessionThatNoSchedulerWouldHavePlanned_IsPlacedAsANewOne(string current)
    {
        _world.Greet("worker/1");
        var plan = _world.Place(1, current: Plan.Parser.ParseJson(current))!;
        Assert.Equal(("worker/1", 4u), (plan.Worker, plan.SplitLayer));
    }

    /// <summary>Frames of before can be replayed exactly if the compression that a scheduler is told is the one that it tells.</summary>
    [Fact]
    public void Compression_ThatADeviceTells_ComesBackAsItIs()
    {
        CompressionOptions[] all =
        [
            CompressionOptions.Lossless,
            CompressionOptions.Default,
            new(FrameCodec.Tabq, new TabqOptions(Threshold.Quantile(0.999f), 0.25, 6, 3)),
            new(FrameCodec.RateDistortion, new TabqOptions())
            {
                RateDistortion = new RateDistortionOptions(0.4f, RateDistortionTransform.Prediction), CalibrationId = 7, SharesPromptTokens = true, Quality = new(0.5), ExpectedRisePercent = 0.3,
            },
        ];
        Assert.All(all, options => Assert.Equal(options.ToMessage(), options.ToMessage().ToOptions().ToMessage()));
    }

    private Plan PlaceAndTakeOver()
    {
        _world.Greet("worker/1");
        var plan = _world.Place(1)!;
        _world.TakeOver();
        return plan;
    }
}
