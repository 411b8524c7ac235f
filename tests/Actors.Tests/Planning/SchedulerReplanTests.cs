using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Actors.Tests.Planning;

/// <summary>Sessions of which link, load or memory have changed since they were planned.</summary>
public sealed class SchedulerReplanTests
{
    private readonly PlanningWorld _world = new();

    [Fact]
    public void LinkThatGetsSlower_MovesTheSessionToItsDevice()
    {
        _world.Greet("worker/1", layerMs: 0.1);
        Assert.Equal(ExecutionMode.Cloud, _world.Ask(PlanningWorld.Machine(1), roundTripMs: 2)!.Mode);
        _world.Report(roundTripMs: 40);

        var plan = _world.Planned!;
        Assert.Equal((ExecutionMode.Device, "", 2u), (plan.Mode, plan.Worker, plan.Revision));
        Assert.Equal("a token is expected to take 40.6 ms with 0 layers on the device, 8.0 ms with 8", plan.Reason);
    }

    [Fact]
    public void DeviceThatGetsSlower_IsRelieved()
    {
        _world.Greet("worker/1", layerMs: 1);
        var memory = _world.MemoryAt(6);
        Assert.Equal(6u, _world.Ask(PlanningWorld.Machine(0.2), memoryBytesMax: memory)!.SplitLayer);
        _world.Report(deviceMs: 40, memoryBytesMax: memory);
        Assert.Equal(ExecutionMode.Cloud, _world.Planned!.Mode);
    }

    [Fact]
    public void WorkerThatGetsSlower_LosesItsSessionToAnother()
    {
        _world.Greet("worker/1", layerMs: 0.2);
        _world.Greet("worker/2", layerMs: 0.4);
        Assert.Equal("worker/1", _world.Ask(PlanningWorld.Machine(5))!.Worker);
        _world.Status("worker/1", batchMs: 16); // ten times of what it said
        Assert.Equal("worker/2", _world.Planned!.Worker);
    }

    [Fact]
    public void DeviceWithLessMemory_KeepsFewerLayers()
    {
        _world.Greet("worker/1", layerMs: 1);
        Assert.Equal(6u, _world.Ask(PlanningWorld.Machine(0.2), memoryBytesMax: _world.MemoryAt(6))!.SplitLayer);
        _world.Report(memoryBytesMax: _world.MemoryAt(2));

        Assert.Equal(2u, _world.Planned!.SplitLayer);
        Assert.StartsWith("with 6 layers on the device it lacks memory: ", _world.Planned.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void SessionThatWouldBeALittleFasterElsewhere_Stays()
    {
        _world.Greet("worker/1", layerMs: 0.1);
        Assert.Equal(ExecutionMode.Cloud, _world.Ask(PlanningWorld.Machine(1), roundTripMs: 2)!.Mode);
        _world.Report(roundTripMs: 8.5); // 9.3 ms, and 8 on the device
        Assert.Null(_world.Planned);
    }

    [Fact]
    public void SessionThatBreaksItsDeadline_MovesForAnyGain()
    {
        _world.Greet("worker/1", layerMs: 0.1);
        Assert.Equal(ExecutionMode.Cloud, _world.Ask(PlanningWorld.Machine(1), roundTripMs: 2, deadlineUs: 9000)!.Mode);
        _world.Report(roundTripMs: 8.5);
        Assert.Equal(ExecutionMode.Device, _world.Planned!.Mode);
        Assert.Contains("lacks deadline: 9.0 ms per token given", _world.Planned.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void SessionThatWasJustPlanned_WaitsBeforeTheNextPlan()
    {
        _world.Greet("worker/1", layerMs: 0.1);
        _world.Ask(PlanningWorld.Machine(1), roundTripMs: 2);
        _world.Now -= TimeSpan.FromSeconds(2.5);
        _world.Report(roundTripMs: 40); // half a second after its plan
        Assert.Null(_world.Planned);
        _world.Report(roundTripMs: 40);
        Assert.Equal(ExecutionMode.Device, _world.Planned!.Mode);
    }

    [Fact]
    public void SessionOnItsDevice_GoesToAWorkerThatHasGotFaster()
    {
        _world.Greet("worker/1", layerMs: 0.5);
        _world.Status("worker/1", batchMs: 40);
        Assert.Equal(ExecutionMode.Device, _world.Ask(PlanningWorld.Machine(1))!.Mode);
        for (var i = 0; i < 20 && _world.Planned?.Mode != ExecutionMode.Cloud; i++)
            _world.Status("worker/1", batchMs: 4);
        Assert.Equal(ExecutionMode.Cloud, _world.Planned!.Mode);
    }

    [Fact]
    public void SessionOnItsDevice_IsNotWeighedAgain_WhileNoWorkerOffersMore()
    {
        var accuracy = new CountingAccuracy();
        var world = new PlanningWorld(accuracy);
        world.Greet("worker/1", layerMs: 5);
        world.Greet("worker/2", layerMs: 5);
        Assert.Equal(ExecutionMode.Device, world.Ask(PlanningWorld.Machine(1))!.Mode);
        world.Status("worker/1", batchMs: 40); // as they said: the first report of each is news
        world.Status("worker/2", batchMs: 40);
        var weighed = accuracy.Count;
        Assert.NotEqual(0, weighed);
        for (var report = 0; report < 10; report++)
            world.Status($"worker/{1 + (report % 2)}", batchMs: 40 + (report % 3));
        Assert.Equal(weighed, accuracy.Count);

        world.Status("worker/2", batchMs: 20);
        world.Status("worker/2", batchMs: 20);
        Assert.True(accuracy.Count > weighed, "A worker got faster, and no session was weighed against it.");
    }

    private sealed class CountingAccuracy : IAccuracyModel
    {
        public int Count { get; private set; }

        public double? PerplexityRise(SplitChoice choice)
        {
            Count++;
            return 0;
        }
    }

    [Fact]
    public void ReportAboutThePlanBefore_BringsTheNewOneAgain_AndChangesNothing()
    {
        _world.Greet("worker/1", layerMs: 0.1);
        _world.Ask(PlanningWorld.Machine(1), roundTripMs: 2);
        _world.Report(roundTripMs: 40);
        Assert.Equal(2u, _world.Planned!.Revision);
        _world.Now += TimeSpan.FromSeconds(3);
        _world.Receive("edge/1", new LinkReport { SessionId = 1, Revision = 1, StepCount = 32, BytesSent = 32_000, Measured = new LinkMeasurement { RoundTripUs = 100, SampleCount = 32 } });
        Assert.Equal((2u, ExecutionMode.Device), (_world.Planned!.Revision, _world.Planned.Mode));
    }
}
