using Google.Protobuf;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Tests.Sessions;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Trust;

/// <summary>One device, evil, says to the scheduler whatever it likes, from addresses that are its own; good is another device.</summary>
public sealed class HostileDeviceToSchedulerTests
{
    private const string Evil = "edge/evil/1";
    private const string Good = "edge/good/1";

    private readonly SchedulerWorld _world = new(options => options with { WorkerCountMax = 4, DeviceSessionCountMax = 20, DeviceTokenCountMax = 2000 });

    [Fact]
    public void Hello_OfADeviceThatSaysItIsAWorker_IsRefused()
    {
        _world.Receive(Evil, Hello());
        var rejected = Assert.IsType<Rejected>(_world.Sent.Single());
        Assert.Equal((RejectReason.BadRequest, false), (rejected.Reason, rejected.HasRetryAfterMs));
        Assert.Equal("edge/evil is a device (edge/…); Hello is for a worker (worker/…) to send.", rejected.Detail);
        Assert.Empty(_world.State.Workers);
    }

    [Fact]
    public void Hello_OfADeviceInARoleThatDoesNotExist_GetsNothing()
    {
        _world.Receive(Evil, Hello(hello => hello.Role = (Role)77));
        Assert.Empty(_world.State.Workers);
    }

    [Fact]
    public void Workers_AfterADeviceTriedToFillTheTable_AreWelcome()
    {
        for (var number = 0; number < 10; number++)
            _world.Receive($"edge/evil/{number}", Hello());
        _world.Receive("worker/1", Hello());
        Assert.IsType<Welcome>(_world.Sent.Single());
    }

    [Fact]
    public void Hello_ToAFullTable_IsAnsweredWithADelay_AndTheWorkerAsksAgainInsteadOfStopping()
    {
        _world.Greet("worker/1", "worker/2", "worker/3", "worker/4");
        _world.Receive("worker/5", Hello());
        var rejected = Assert.IsType<Rejected>(_world.Sent.Single());
        Assert.Equal((RejectReason.SessionLimit, 200u), (rejected.Reason, rejected.RetryAfterMs));

        var worker = new WorkerStepper();
        worker.Step(new StatusDue());
        worker.Receive(rejected, WorkerStepper.Scheduler);
        Assert.Empty(worker.Effects);
        worker.Step(new StatusDue());
        Assert.Single(worker.Sent<Hello>());
    }

    [Fact]
    public void Hello_ToATableWithASilentWorker_GetsItsPlace()
    {
        _world.Greet("worker/1", "worker/2", "worker/3", "worker/4");
        _world.Now = TimeSpan.FromSeconds(4);
        foreach (var worker in new[] { "worker/1", "worker/3", "worker/4" })
            _world.Status(worker);
        _world.Now = TimeSpan.FromSeconds(8);
        _world.Receive("worker/5", Hello());
        Assert.IsType<Welcome>(_world.Sent.Single());
        Assert.Equal(new[] { "worker/1", "worker/3", "worker/4", "worker/5" }, _world.State.Workers.Keys, StringComparer.Ordinal);
    }

    [Fact]
    public void Status_OfADevice_IsRefused_AndNoWorkerCountsAsLeaving()
    {
        _world.Greet("worker/1");
        var before = _world.State.Workers["worker/1"];
        _world.Receive(Evil, new WorkerStatus { Leaving = true, ComputeUsSum = ulong.MaxValue });
        Assert.Equal(RejectReason.BadRequest, Assert.IsType<Rejected>(_world.Sent.Single()).Reason);
        Assert.Same(before, _world.State.Workers["worker/1"]);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1025u)]
    [InlineData(4_000_000_000u)]
    public void Request_ForTokensThatNoContextHas_IsRefused_AndBlocksNobody(uint tokenCount)
    {
        _world.Receive("worker/1", Hello(hello => hello.Profile = new WorkerProfile { KvBytesMax = 80_000, KvBytesPerLayer = 10 })); // 2,000 tokens of four layers
        _world.Receive(Evil, Request(1, tokenCount));
        var rejected = Assert.IsType<Rejected>(_world.Sent.Single());
        Assert.Equal((RejectReason.ContextLength, false), (rejected.Reason, rejected.HasRetryAfterMs));
        Assert.Contains($"asks for {tokenCount} tokens; the model's context has 1–1024", rejected.Detail, StringComparison.Ordinal);
        Assert.Equal("worker/1", PlaceOf(Good, 2, 1000));
    }

    [Fact]
    public void Request_ForMoreThanAnEmptyWorkerHolds_IsRefused_AndBlocksNobody()
    {
        _world.Receive("worker/1", Hello(hello => hello.Profile = new WorkerProfile { KvBytesMax = 4000, KvBytesPerLayer = 10 })); // 100 tokens of four layers
        _world.Receive(Evil, Request(1, 101));
        var rejected = Assert.IsType<Rejected>(_world.Sent.Single());
        Assert.Equal((RejectReason.ContextLength, false), (rejected.Reason, rejected.HasRetryAfterMs));
        Assert.Contains("101 tokens are too many for worker/1, which gives a device 100", rejected.Detail, StringComparison.Ordinal);
        Assert.Equal("worker/1", PlaceOf(Good, 2, 100));
    }

    [Fact]
    public void Requests_OfOneDevice_LeaveHalfOfAWorkerToOthers()
    {
        _world.Receive("worker/1", Hello(hello => hello.DeviceSessionCountMax = 5));
        for (var number = 1ul; number <= 10; number++)
            _world.Receive($"edge/evil/{number}", Request(number, 10));
        var rejected = Assert.IsType<Rejected>(_world.Sent.Single());
        Assert.Equal((RejectReason.SessionLimit, 200u), (rejected.Reason, rejected.RetryAfterMs));
        Assert.Contains("edge/evil has 5 sessions with 50 tokens on worker/1", rejected.Detail, StringComparison.Ordinal);
        Assert.Equal(5, _world.State.SessionsOn("worker/1").Count);
        Assert.Equal("worker/1", PlaceOf(Good, 1, 10));
        _world.Receive("edge/evil/1", new CloseSession { SessionId = 1 });
        Assert.Equal("worker/1", PlaceOf("edge/evil/11", 11, 10));
    }

    [Fact]
    public void Requests_OfOneDevice_LeaveTokensOfAWorkerToOthers()
    {
        _world.Receive("worker/1", Hello(hello => hello.DeviceTokenCountMax = 100));
        Assert.Equal("worker/1", PlaceOf(Evil, 1, 60));
        Assert.Null(PlaceOf(Evil, 2, 41));
        Assert.Equal(RejectReason.SessionLimit, Assert.IsType<Rejected>(_world.Sent.Single()).Reason);
        Assert.Equal("worker/1", PlaceOf(Evil, 2, 40));
        Assert.Null(PlaceOf("edge/other/1", 1, 101));
        Assert.Equal((RejectReason.ContextLength, false), Assert.IsType<Rejected>(_world.Sent.Single()) is var rejected ? (rejected.Reason, rejected.HasRetryAfterMs) : default);
    }

    [Fact]
    public void Requests_OfOneDevice_FillNoTableOfTheScheduler()
    {
        var world = new SchedulerWorld(options => options with { SessionCountMax = 8, DeviceSessionCountMax = 3, Plan = new FixedPlan(ExecutionMode.Device, 8, CompressionOptions.Lossless) });
        for (var number = 1ul; number <= 10; number++)
            world.Receive($"edge/evil/{number}", Request(number, 10));
        Assert.Equal(3, world.State.Sessions.Count);
        Assert.Contains("edge/evil has 3 sessions with 30 tokens; the scheduler gives a device 3 sessions", Assert.IsType<Rejected>(world.Sent.Single()).Detail, StringComparison.Ordinal);
        world.Receive(Good, Request(1, 10));
        Assert.IsType<Plan>(world.Sent.Single());
    }

    [Fact]
    public void Request_ForMoreTokensThanADeviceMayHave_IsRefusedForGood()
    {
        var world = new SchedulerWorld(options => options with { DeviceTokenCountMax = 100 });
        world.Greet("worker/1");
        world.Receive(Evil, Request(1, 101));
        Assert.Equal((RejectReason.ContextLength, false), Assert.IsType<Rejected>(world.Sent.Single()) is var rejected ? (rejected.Reason, rejected.HasRetryAfterMs) : default);
    }

    /// <summary>A scheduler that took over believes devices where their sessions run, as far as a device may have them.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sessions_ThatADeviceSaysRunOnAWorker_TakeNoMoreThanADevicesShare(bool isWorkerKnown)
    {
        if (isWorkerKnown)
            _world.Receive("worker/1", Hello(hello => hello.DeviceSessionCountMax = 5));
        var current = new Plan { Mode = ExecutionMode.Split, SplitLayer = 4, Worker = "worker/1", Revision = 3 };
        for (var number = 1ul; number <= 10; number++)
            _world.Receive($"edge/evil/{number}", new PlanRequest(Request(number, 10)) { Current = current, Revision = 3 });
        if (!isWorkerKnown)
            _world.Receive("worker/1", Hello(hello => hello.DeviceSessionCountMax = 5));
        Assert.Equal(5, _world.State.SessionsOn("worker/1").Count);
        for (var number = 1ul; number <= 5; number++)
            Assert.Equal("worker/1", PlaceOf($"edge/good{number}/1", number, 10));
    }

    [Theory]
    [InlineData("edge/good/1")]
    [InlineData("scheduler")]
    public void Session_ThatADeviceSaysRunsOnWhatIsNoWorker_IsPlacedAsANewOne(string place)
    {
        _world.Greet("worker/1");
        _world.Receive(Evil, new PlanRequest(Request(1, 10)) { Current = new Plan { Mode = ExecutionMode.Split, SplitLayer = 4, Worker = place } });
        Assert.Equal("worker/1", Assert.IsType<Plan>(_world.Sent.Single()).Worker);
    }

    [Fact]
    public void SessionId_OfAnotherDevice_IsASessionOfItsOwn()
    {
        _world.Greet("worker/1", "worker/2");
        Assert.Equal("worker/1", PlaceOf(Good, 1, 100));
        var before = _world.State.Sessions[SessionKey.Of(Good, 1)];

        _world.Receive(Evil, new LinkReport { SessionId = 1, Revision = uint.MaxValue });
        Assert.Equal(RejectReason.UnknownSession, Assert.IsType<Rejected>(_world.Sent.Single()).Reason);
        _world.Receive(Evil, new PlanRequest(Request(1, 100)) { LostWorker = "worker/1" });
        Assert.All(_world.Sends, send => Assert.Equal(Evil, send.To));
        _world.Receive(Evil, new CloseSession { SessionId = 1 });
        _world.Step(new PeerLost(Evil));
        Assert.Same(before, _world.State.Sessions[SessionKey.Of(Good, 1)]);

        _world.Receive(Evil, Request(1, 100));
        _world.Step(new MoveSession(SessionKey.Of(Good, 1), new FixedPlan(ExecutionMode.Cloud, 0, CompressionOptions.Lossless), "the test wants it"));
        Assert.Equal(Good, _world.Plans.Single().To);
        Assert.Equal(ExecutionMode.Split, _world.State.PlanOf(_world.State.Sessions[SessionKey.Of(Evil, 1)]).Mode);
    }

    [Fact]
    public void SessionId_TakenBeforehand_DoesNotKeepItsDeviceOut()
    {
        _world.Greet("worker/1");
        _world.Receive(Evil, Request(1, 10));
        Assert.Equal("worker/1", PlaceOf(Good, 1, 10));
    }

    [Fact]
    public void LostWorker_ThatTheDeviceIsNotOn_StaysTheBestForOthers()
    {
        _world.Greet("worker/1", "worker/2");
        _world.Receive(Evil, new PlanRequest(Request(1, 10)) { LostWorker = "worker/1" });
        Assert.False(_world.State.Workers["worker/1"].IsSuspect);
    }

    [Fact]
    public void Message_ThatIsNotForDevicesToSend_ChangesNothing()
    {
        _world.Greet("worker/1");
        _world.Receive(Good, Request(1, 10));
        var before = _world.State;
        IMessage[] forged =
        [
            new Plan { SessionId = 1, Worker = "worker/9", Revision = 99 }, new Welcome(), new Rejected { Reason = RejectReason.UnknownWorker }, new DeadlineChanged { SessionId = 1 },
            new SessionOpened { SessionId = 1 }, new StepResult { SessionId = 1 }, new Nack { SessionId = 1 }, new WorkerStatus(), Hello(),
        ];
        foreach (var message in forged)
        {
            _world.Receive(Evil, message);
            Assert.Equal(before, _world.State);
            Assert.All(_world.Sends, send => Assert.Equal(Evil, send.To));
        }
    }

    private static PlanRequest Request(ulong session, uint tokenCount) => new() { SessionId = session, TokenCountMax = tokenCount };

    private static Hello Hello(Action<Hello>? change = null)
    {
        var hello = new Hello { Role = Role.Worker, ProtocolVersion = ProtocolVersion.Current, ModelDigest = ByteString.CopyFrom(1, 2, 3), EndLayer = 8, SessionCountMax = 10 };
        change?.Invoke(hello);
        return hello;
    }

    private string? PlaceOf(string edge, ulong session, uint tokenCount)
    {
        _world.Receive(edge, Request(session, tokenCount));
        return _world.Plans.SingleOrDefault(sent => sent.To == edge).Plan?.Worker;
    }
}
