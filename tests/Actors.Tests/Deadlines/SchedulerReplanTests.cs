using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Actors.Transport;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>Sessions whose deadline cannot be kept any longer where they are.</summary>
public sealed class SchedulerReplanTests
{
    private static readonly ByteString Digest = ByteString.CopyFrom(1, 2, 3);

    private TimeSpan _now = TimeSpan.FromSeconds(10);
    private ImmutableArray<SchedulerEffect> _effects = [];

    private SchedulerState _state = new(new SchedulerOptions
    {
        Address = "scheduler",
        ModelDigest = Digest,
        LayerCount = 8,
        Plan = Plan(4),
        Alternatives = [Plan(2), Plan(8), Plan(0)],
        WorkerMargin = 1,
        WorkerSilenceMax = TimeSpan.FromHours(1),
    });

    [Fact]
    public void LinkThatGetsSlower_MovesTheSessionToItsDevice()
    {
        Greet("worker/1", firstLayer: 4);
        Place(deviceUs: 5000);
        Report(linkUs: 60_000);

        var plan = Sent().OfType<Plan>().Single();
        Assert.Equal((ExecutionMode.Device, 8u, "", 2u), (plan.Mode, plan.SplitLayer, plan.Worker, plan.Revision));
        Assert.Equal("a token takes at worst 73.1 ms with 4 layers on the device, 10.0 ms with 8 (deadline 30.0 ms)", plan.Reason);
        Assert.Equal(30_000u, plan.Deadline.PromisedUs);
    }

    [Fact]
    public void WorkerThatGetsSlower_LosesItsSessionToAnother()
    {
        Greet("worker/1", firstLayer: 4);
        Greet("worker/2", firstLayer: 2);
        Place(deviceUs: 14_000);
        Receive("worker/1", Status(usOfBatch: 24_300));

        var plan = Sent().OfType<Plan>().Single();
        Assert.Equal((2u, "worker/2"), (plan.SplitLayer, plan.Worker)); // 7 + 5 + 8.1 ms; the device alone would take 28
        Assert.Equal(7000, _state.Sessions.Values.Single().Request!.DeviceUs);
    }

    [Fact]
    public void SlowDevice_IsRelievedOfAllLayers()
    {
        Greet("worker/1", firstLayer: 4);
        Greet("worker/2", firstLayer: 0);
        Place(deviceUs: 5000);
        Report(deviceUs: 60_000);

        Assert.Equal((ExecutionMode.Cloud, "worker/2"), Sent().OfType<Plan>().Select(plan => (plan.Mode, plan.Worker)).Single());
    }

    [Fact]
    public void SessionThatWouldNotBeFasterElsewhere_Stays()
    {
        Greet("worker/1", firstLayer: 4);
        Greet("worker/2", firstLayer: 2);
        Place(deviceUs: 18_000);
        Report(linkUs: 16_000); // 42.1 ms; 33.1 with 2 layers, which is 0.79 of it, but 36 alone

        Assert.Equal(2u, Sent().OfType<Plan>().Single().SplitLayer);
        _now += TimeSpan.FromMinutes(1);
        Report(linkUs: 20_000); // 37.1 ms; elsewhere 18 + 20 + 8.1 or 36 ms
        Assert.Empty(Sent().OfType<Plan>());
    }

    [Fact]
    public void SessionThatWasJustMoved_WaitsBeforeTheNext()
    {
        Greet("worker/1", firstLayer: 4);
        Place(deviceUs: 5000);
        Report(linkUs: 60_000);
        Report(deviceUs: 100_000);
        Assert.Empty(Sent().OfType<Plan>());

        _now += TimeSpan.FromSeconds(3);
        Report(linkUs: 1000, deviceUs: 100_000);
        Assert.Equal(4u, Sent().OfType<Plan>().Single().SplitLayer);
    }

    [Fact]
    public void ReportAboutTheLegBefore_BringsThePlanAgainAndChangesNothing()
    {
        Greet("worker/1", firstLayer: 4);
        Place(deviceUs: 5000);
        Report(linkUs: 60_000);
        var before = _state.Sessions.Values.Single().Request;
        Receive("edge/1", new LinkReport { SessionId = 1, Revision = 1, DeviceUs = 90_000, LinkUsWorst = 60_000 });

        Assert.Equal(2u, Assert.IsType<Plan>(Sent().Single()).Revision);
        Assert.Equal(before, _state.Sessions.Values.Single().Request);
    }

    private static FixedPlan Plan(int splitLayer) => new(
        splitLayer switch { 0 => ExecutionMode.Cloud, 8 => ExecutionMode.Device, _ => ExecutionMode.Split }, splitLayer, CompressionOptions.Lossless);

    private static WorkerStatus Status(int usOfBatch) => new() { BatchCount = 10, RowsComputed = 10, ComputeUsSum = (ulong)(10 * usOfBatch) };

    /// <summary>A step takes 8.1 ms there.</summary>
    private void Greet(string worker, uint firstLayer) => Receive(worker, new Hello
    {
        Role = Role.Worker,
        ProtocolVersion = ProtocolVersion.Current,
        ModelDigest = Digest,
        FirstLayer = firstLayer,
        EndLayer = 8,
        SessionCountMax = 10,
        Profile = new WorkerProfile { PassUs = 8000, RowUs = 100, BatchRowsMax = 128 },
    });

    private void Place(uint deviceUs)
    {
        Receive("edge/1", new PlanRequest { SessionId = 1, DeadlineUs = 30_000, DeviceUs = deviceUs, LinkUsWorst = 5000 });
        Assert.Equal(4u, Sent().OfType<Plan>().Single().SplitLayer);
    }

    private void Report(uint linkUs = 0, uint deviceUs = 0) => Receive(
        "edge/1", new LinkReport { SessionId = 1, Revision = _state.Sessions.Values.Single().Revision, LinkUsWorst = linkUs, DeviceUs = deviceUs });

    private void Receive(string from, IMessage body) => (_state, _effects) = Scheduler.Step(_state, new Received(from, body), _now);

    private IEnumerable<IMessage> Sent() => _effects.OfType<SchedulerEffect.Send>().Select(send => send.Body);
}
