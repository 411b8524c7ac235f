using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Profiling;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Evaluation.Codecs;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Planning.Profiling;

public sealed class MachineProbeTests
{
    private static readonly WeightFormat[] Weights = [WeightFormat.Unquantized, new(8), new(4, 64), new(2)];
    private static readonly KvFormat[] KeyValues = [KvFormat.Float32, KvFormat.Float16, KvFormat.Int4];

    [Fact]
    public void Measure_SmallShape_HasEveryCombination()
    {
        using var threads = new ComputeThreads(2);
        var config = ModelShapes.Parse("quill", "test");
        var profile = MachineProbe.Measure("here", config, Weights, KeyValues, threads, TimeProvider.System);
        Assert.Equal(Weights.Length * KeyValues.Length, profile.Formats.Count);
        foreach (var weights in Weights)
        {
            foreach (var kv in KeyValues)
            {
                var compute = profile.For(weights, kv);
                LinearCost[] costs = [compute.PrefillLayer, compute.DecodeLayer, compute.Head, compute.Embedding];
                Assert.All(costs, cost => Assert.True(cost is { PassSeconds: >= 0, RowSeconds: >= 0, PositionSeconds: >= 0 } && cost.Seconds(1, 0) > 0, $"{weights}, {kv}: {cost}"));
                Assert.Equal(profile.For(weights, KvFormat.Float16).DecodeLayer with { PositionSeconds = 0 }, compute.DecodeLayer with { PositionSeconds = 0 });
                Assert.Equal(profile.For(Weights[0], kv).DecodeLayer.PositionSeconds, compute.DecodeLayer.PositionSeconds);
            }
        }
    }

    /// <summary>A microsecond passes between two looks at the clock, so a pass takes one, shared by the layers that it ran.</summary>
    [Fact]
    public void Measure_SteppingClock_DividesByLayersAndRows()
    {
        var config = ModelShapes.Parse("quill", "test");
        var profile = MachineProbe.Measure("here", config, [new(4)], [KvFormat.Float16], ComputeThreads.Single, new StepClock());
        var compute = profile.For(new(4), KvFormat.Float16);
        Assert.Equal(1e-6 / config.LayerCount, compute.DecodeLayer.Seconds(1, 0), 1e-12);
        Assert.Equal(1e-6, compute.PrefillLayer.Seconds(8, 0), 1e-12);
        Assert.Equal(0, compute.DecodeLayer.PositionSeconds);
        Assert.Equal(1e-6 / 64, compute.Embedding.RowSeconds, 1e-12);
    }

    [Fact]
    public void Measure_Cancelled_Ends()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => MachineProbe.Measure(
            "here", ModelShapes.Parse("quill", "test"), Weights, KeyValues, ComputeThreads.Single, TimeProvider.System, cancellation: cancelled.Token));
    }

    /// <summary>Large models need the memory of their largest matrix, small ones that of all, with as much of the head as is measured.</summary>
    [Theory]
    [InlineData("quill", 0, (8 * 737_280) + (4096 * 256))]
    [InlineData("llama-7b", 0, 4096 * 11_008)]
    [InlineData("llama-7b", 32 << 20, 96 << 20)]
    public void Allocate_Shape_TakesOneRing(string shape, long lastCacheBytes, long weightCount)
    {
        var config = ModelShapes.Parse(shape, "test");
        var memory = ProbeMemory.Allocate(config, [WeightFormat.Unquantized], lastCacheBytes);
        Assert.Equal(weightCount * sizeof(ushort), ProbeWeights.Of(memory, config, WeightFormat.Unquantized).RingBytes);
    }

    /// <summary>A model in F32 reads twice the bytes for each token.</summary>
    [Fact]
    public void Allocate_Float32_TakesFourBytesForEachWeight()
    {
        var config = ModelShapes.Parse("quill", "test");
        var memory = ProbeMemory.Allocate(config, [WeightFormat.Unquantized], lastCacheBytes: 0, sizeof(float));
        var weights = ProbeWeights.Of(memory, config, WeightFormat.Unquantized);
        Assert.Equal(((8 * 737_280) + (4096 * 256)) * sizeof(float), weights.RingBytes);
        Assert.Equal(32 * 16 * sizeof(float), weights.Matrix("w", 32, 16).ByteCount);
    }
}
