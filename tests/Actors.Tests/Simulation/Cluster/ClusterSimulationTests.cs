using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Simulation.Cluster;

namespace SplitActors.Actors.Tests.Simulation.Cluster;

public sealed class ClusterSimulationTests
{
    private static readonly ClusterOptions Calm = new() { DeviceCount = 4, SessionsPerDevice = 1, Link = LinkProfile.Of(3e6, 4e6, TimeSpan.FromMilliseconds(20)) };

    [Theory]
    [InlineData(ExecutionMode.Split, 8)]
    [InlineData(ExecutionMode.Cloud, 0)]
    [InlineData(ExecutionMode.Device, 16)]
    [InlineData(ExecutionMode.Handoff, 8)]
    [InlineData(ExecutionMode.Handoff, 0)]
    public void Run_WithoutFaults_EndsEverySession(ExecutionMode mode, int splitLayer)
    {
        var report = Run(Calm with { Plan = new FixedPlan(mode, splitLayer, CompressionOptions.Lossless) });

        Assert.Null(report.Violation);
        Assert.Equal(4, report.Ends[EndReason.TokenLimit]);
        Assert.Equal(0, report.FailoverCount);
        Assert.Equal(mode == ExecutionMode.Device, report.WorkerTokenCount == 0);
        Assert.Equal(mode is ExecutionMode.Split or ExecutionMode.Cloud, report.WorkerTokenCount == report.TokenCount);
        Assert.Equal(mode == ExecutionMode.Handoff ? 4 : 0, report.MoveCount);
    }

    [Fact]
    public void Run_SameSeed_GivesTheSameTrace()
    {
        var options = Calm with { Faults = ClusterFaults.Default, SessionsPerDevice = 3, AllowsFailure = true };

        Assert.Equal(Run(options).TraceHash, Run(options).TraceHash);
        Assert.NotEqual(Run(options).TraceHash, Run(options with { Seed = 2 }).TraceHash);
    }

    [Fact]
    public void Run_WithALink_TakesItsTime()
    {
        var slow = Run(Calm with { Link = LinkProfile.Of(3e6, 4e6, TimeSpan.FromMilliseconds(200)) });

        Assert.InRange(Run(Calm).TpotMs.P50, 20, 100);
        Assert.InRange(slow.TpotMs.P50, 200, 280);
    }

    /// <summary>The limits of workers show in what sessions wait for, not in violations.</summary>
    [Fact]
    public void Run_WorkersOfOneSessionEach_LetOthersWait()
    {
        var report = Run(Calm with { DeviceCount = 12, ThinkTimeMax = TimeSpan.FromSeconds(1), WorkerCount = 1, Worker = (options, _) => options with { SessionCountMax = 1 } });

        Assert.Null(report.Violation);
        Assert.Equal(12, report.Ends[EndReason.TokenLimit]);
        Assert.True(report.TtftMs.P95 > 10 * report.TtftMs.P50 || report.TtftMs.P95 > 5000, $"{report.TtftMs}");
    }

    [Fact]
    public void Run_ProgressThatThrows_EndsTheRun() =>
        Assert.Throws<OperationCanceledException>(() =>
        {
            using var simulation = new ClusterSimulation(Calm);
            simulation.Run(_ => throw new OperationCanceledException());
        });

    private static ClusterReport Run(ClusterOptions options)
    {
        using var simulation = new ClusterSimulation(options);
        return simulation.Run();
    }
}
