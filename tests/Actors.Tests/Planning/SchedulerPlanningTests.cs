using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Links;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Actors.Tests.Planning;

/// <summary>Plans that a scheduler makes for one device.</summary>
public sealed class SchedulerPlanningTests
{
    private readonly PlanningWorld _world = new();

    [Theory]
    [InlineData(1, 0.2, 0, ExecutionMode.Cloud)]
    [InlineData(1, 0.2, 20, ExecutionMode.Device)]
    [InlineData(0.2, 1, 0, ExecutionMode.Device)]
    public void DeviceWithoutLimits_GetsTheFasterEnd(double deviceMs, double workerMs, double roundTripMs, ExecutionMode expected)
    {
        _world.Greet("worker/1", workerMs);
        var plan = _world.Ask(PlanningWorld.Machine(deviceMs), roundTripMs)!;

        Assert.Equal(expected, plan.Mode);
        Assert.Equal(expected == ExecutionMode.Device ? "" : "worker/1", plan.Worker);
        Assert.StartsWith("Do not split: ", plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void FastDeviceWithLittleMemory_IsSplit_AsTheLimitAllows()
    {
        _world.Greet("worker/1", layerMs: 1);
        var plan = _world.Ask(PlanningWorld.Machine(0.1), memoryBytesMax: _world.MemoryAt(5) + 1)!;

        Assert.Equal((ExecutionMode.Split, 5u, "worker/1"), (plan.Mode, plan.SplitLayer, plan.Worker));
        Assert.Equal((16u, 16u), (plan.Front.WeightBits, plan.Front.KvBits));
        Assert.Equal(5, plan.Compression.ExpectedRisePercent); // that of its split
        Assert.Equal((ulong)_world.MemoryAt(5), plan.Expected.MemoryBytes);
        Assert.Equal(1000u, plan.Expected.UplinkBytes);
        Assert.InRange(plan.Expected.TokenUs, 3500u, 3600u); // 5 · 0.1 + 3 · 1 ms, and 1 kB at 1 Gbit/s
    }

    [Fact]
    public void FewerBits_AreChosenOnlyWhileTheyCostLittle()
    {
        var world = new PlanningWorld(new CostlyBits());
        world.Greet("worker/1", layerMs: 10);
        Assert.Equal(8u, world.Ask(PlanningWorld.Machine(1, 16, 8), riseMax: 0.05)!.Front.WeightBits);
        Assert.Equal(16u, world.Ask(PlanningWorld.Machine(1, 16, 8), riseMax: 0.01, session: 2)!.Front.WeightBits);
    }

    [Fact]
    public void WorkerOfTheLastLayers_ServesTheSplitsThatItHas()
    {
        _world.Greet("worker/1", layerMs: 0.1, firstLayer: 3);
        Assert.Equal(3u, _world.Ask(PlanningWorld.Machine(1))!.SplitLayer);
    }

    [Fact]
    public void FasterOfTwoWorkers_GetsTheSession()
    {
        _world.Greet("worker/1", layerMs: 1);
        _world.Greet("worker/2", layerMs: 0.5);
        Assert.Equal("worker/2", _world.Ask(PlanningWorld.Machine(2))!.Worker);
    }

    [Fact]
    public void Channel_IsUsedAtItsBestRate()
    {
        _world.Greet("worker/1", layerMs: 0.1);
        var channel = new RayleighChannel(10e6, 10);
        var plan = _world.Ask(PlanningWorld.Machine(5), link: LinkProfile.Rayleigh(channel))!;
        Assert.Equal(OutageRate.Optimal(channel, 1e-3, 1e3, 1e9).BitsPerSecond, plan.Rate);
    }

    [Fact]
    public void DeadlineThatASplitKeeps_IsPromised()
    {
        _world.Greet("worker/1", layerMs: 1);
        var plan = _world.Ask(PlanningWorld.Machine(0.1), memoryBytesMax: _world.MemoryAt(4), deadlineUs: 5000)!;

        Assert.Equal((4u, 5000u), (plan.SplitLayer, plan.Deadline.PromisedUs));
        Assert.InRange(plan.Deadline.DeviceUs, 900u, 1000u); // 5 ms less 4 layers on the worker
    }

    [Fact]
    public void DeadlineThatNothingKeeps_IsDegradedUpFront_OrRefused()
    {
        _world.Greet("worker/1", layerMs: 1);
        var degraded = _world.Ask(PlanningWorld.Machine(1), deadlineUs: 6000)!;
        Assert.InRange(degraded.Deadline.PromisedUs, 8000u, 9000u);
        Assert.Equal("the device alone takes 8.0 ms", degraded.Deadline.Detail);

        Assert.Null(_world.Ask(PlanningWorld.Machine(1), deadlineUs: 3000, session: 2));
        Assert.Equal((RejectReason.Deadline, 0u), (_world.Rejected.Reason, _world.Rejected.RetryAfterMs));
        Assert.Contains("deadline: 6.0 ms per token given, 8.0 ms needed", _world.Rejected.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void MemoryForFewerTokens_ShortensTheSession()
    {
        var memory = _world.MemoryAt(8, tokenCount: 48);
        var plan = _world.Ask(PlanningWorld.Machine(1), memoryBytesMax: memory)!; // and there is no worker

        Assert.Equal((ExecutionMode.Device, 48u), (plan.Mode, plan.TokenCountMax));
        Assert.Contains("has room for 48 of 100 tokens", plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void MemoryForNothing_IsRefused_NamingWhatLacks()
    {
        _world.Greet("worker/1", layerMs: 1, firstLayer: 1);
        Assert.Null(_world.Ask(PlanningWorld.Machine(1), memoryBytesMax: 30_000_000));
        Assert.Equal((RejectReason.NoPlan, 0u), (_world.Rejected.Reason, _world.Rejected.RetryAfterMs));
        Assert.Contains("memory: 30.0 MB given", _world.Rejected.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void SmallDeviceWithoutWorkers_IsToldToTryLater()
    {
        Assert.Null(_world.Ask(PlanningWorld.Machine(1), memoryBytesMax: 30_000_000));
        Assert.Equal((RejectReason.NoWorker, 200u), (_world.Rejected.Reason, _world.Rejected.RetryAfterMs));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(double.NaN)]
    [InlineData(-1.0)]
    public void DeviceThatDoesNotSayWhatItTakes_IsRefused(double? seconds)
    {
        _world.Greet("worker/1", layerMs: 1);
        var costs = PlanningWorld.Machine(1).ToMessage();
        costs.Formats[0].Head = seconds is { } value ? new PassCosts { PerRow = value } : null;
        _world.Receive("edge/1", new PlanRequest { SessionId = 1, TokenCountMax = 100, PromptCount = 10, Device = new DeviceDescription { Costs = costs, ChunkRows = 64, ThreadCount = 1 } });
        Assert.Equal((RejectReason.BadRequest, 0u), (_world.Rejected.Reason, _world.Rejected.RetryAfterMs));
    }

    [Fact]
    public void SessionThatLostItsWorker_KeepsItsPlanWhereAnotherOneServesIt()
    {
        _world.Greet("worker/1", layerMs: 1);
        _world.Greet("worker/2", layerMs: 3);
        var memory = _world.MemoryAt(4);
        Assert.Equal("worker/1", _world.Ask(PlanningWorld.Machine(2), memoryBytesMax: memory)!.Worker);
        var before = _world.Planned!;
        _world.Lose("worker/1");
        var after = _world.Ask(PlanningWorld.Machine(2), memoryBytesMax: memory, lostWorker: "worker/1")!;
        Assert.Equal((before.Mode, before.SplitLayer, "worker/2"), (after.Mode, after.SplitLayer, after.Worker));
    }

    [Fact]
    public void SessionThatLostItsOnlyWorker_GoesOnWithAPlanForTheDeviceAlone()
    {
        _world.Greet("worker/1", layerMs: 0.1);
        Assert.Equal(ExecutionMode.Cloud, _world.Ask(PlanningWorld.Machine(1))!.Mode);
        _world.Lose("worker/1");
        Assert.Equal(ExecutionMode.Device, _world.Ask(PlanningWorld.Machine(1), lostWorker: "worker/1")!.Mode);
    }

    /// <summary>What is chosen is what the planner chooses for the same problem; a worker's other sessions count.</summary>
    [Fact]
    public void SecondSession_IsPlannedForABusierWorker()
    {
        _world.Greet("worker/1", layerMs: 1);
        Assert.Equal(ExecutionMode.Cloud, _world.Ask(PlanningWorld.Machine(1.1))!.Mode);
        Assert.Equal(ExecutionMode.Device, _world.Ask(PlanningWorld.Machine(1.1), session: 2)!.Mode); // half a batch of the first one would be in its way
    }

    /// <summary>Where only others' sessions are in the way, or the device's own, waiting helps.</summary>
    [Fact]
    public void DeviceThatHasAllThatAWorkerGivesIt_IsToldToWait()
    {
        _world.Receive("worker/1", new Hello(PlanningWorld.Hello(layerMs: 0.1)) { DeviceSessionCountMax = 1 });
        var memory = _world.MemoryAt(2);
        Assert.NotNull(_world.Ask(PlanningWorld.Machine(1), memoryBytesMax: memory));
        Assert.Null(_world.Ask(PlanningWorld.Machine(1), memoryBytesMax: memory, session: 2, from: "edge/1"));
        Assert.Equal((RejectReason.SessionLimit, true), (_world.Rejected.Reason, _world.Rejected.HasRetryAfterMs));
        Assert.NotNull(_world.Ask(PlanningWorld.Machine(1), memoryBytesMax: memory, session: 2));
    }

    private sealed class CostlyBits : IAccuracyModel
    {
        public double? PerplexityRise(SplitChoice choice) => choice.SplitLayer > 0 && choice.FrontWeights.Bits < 16 ? 0.02 : 0;
    }
}
