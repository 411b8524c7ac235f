using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class OptionsTests
{
    [Fact]
    public async Task EdgeOptions_ThatCannotWork_EndTheSessionAtOnce()
    {
        await using var cluster = new SimulatedCluster(new FixedPlan(ExecutionMode.Device, Quill.Config.LayerCount, CompressionOptions.Lossless));
        var session = cluster.StartSession(Quill.Prompt(0), change: options => options with { ChunkTokensMax = 0 });
        cluster.RunUntil(() => session.Ended is not null);

        Assert.Equal(EndReason.Failed, session.Ended!.Reason);
        Assert.Contains("ChunkTokensMax", session.Ended.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkerOptions_ThatCannotWork_StopTheWorker()
    {
        await using var cluster = new SimulatedCluster(new FixedPlan(ExecutionMode.Split, 4, CompressionOptions.Lossless));
        var worker = cluster.StartWorker("worker/1", options => options with { StatusPeriod = TimeSpan.Zero });
        cluster.RunUntil(() => worker.IsStopped);

        var failure = cluster.Events.OfType<NodeFailed>().First();
        Assert.Contains("StatusPeriod", failure.Cause.Message, StringComparison.Ordinal);
    }
}
