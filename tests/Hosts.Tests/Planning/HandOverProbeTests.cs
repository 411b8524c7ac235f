using SplitActors.Hosts.Planning;

namespace SplitActors.Hosts.Tests.Planning;

public sealed class HandOverProbeTests
{
    [Fact]
    public async Task Measure_ThisMachine_TakesSomeTimeAndEnds()
    {
        var (handOver, arrival) = await HandOverProbe.MeasureAsync(TimeProvider.System);
        Assert.InRange(handOver, 1e-9, 0.1);
        Assert.InRange(arrival, 0, 1);
    }
}
