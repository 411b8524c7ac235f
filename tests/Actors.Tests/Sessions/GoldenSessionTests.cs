using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Tests.Sessions;

public sealed class GoldenSessionTests
{
    public static TheoryData<ExecutionMode, int> Placements
    {
        get
        {
            var placements = new TheoryData<ExecutionMode, int> { { ExecutionMode.Cloud, 0 }, { ExecutionMode.Device, Quill.Config.LayerCount } };
            for (var splitLayer = 1; splitLayer < Quill.Config.LayerCount; splitLayer++)
                placements.Add(ExecutionMode.Split, splitLayer);
            return placements;
        }
    }

    [Theory]
    [MemberData(nameof(Placements))]
    public async Task GreedySessions_WithoutCompression_GiveTheReferenceTokens(ExecutionMode mode, int splitLayer)
    {
        await using var cluster = new SimulatedCluster(new FixedPlan(mode, splitLayer, CompressionOptions.Lossless));
        if (mode != ExecutionMode.Device)
            cluster.StartWorker("worker/1");

        var sessions = Enumerable.Range(0, 5).Select(index => cluster.StartSession(Quill.Prompt(index))).ToList();
        cluster.RunUntil(() => sessions.TrueForAll(session => session.Ended is not null));

        for (var index = 0; index < sessions.Count; index++)
        {
            Assert.Equal(new SessionEnded(EndReason.TokenLimit, null), sessions[index].Ended);
            Assert.Equal(Quill.GreedyContinuation(index), sessions[index].Tokens);
        }
    }
}
