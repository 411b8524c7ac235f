using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Kernels;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Kernels;

/// <summary>One token's queries of one layer: [heads, D].</summary>
[MemoryDiagnoser]
public class RotaryEmbeddingBenchmarks : IMeasuredWork
{
    private const int Position = 511;

    private readonly float[] _frequencies = RotaryEmbedding.InverseFrequencies(Shape.Config.RopeTheta, Shape.Config.HeadDim); // [D/2]
    private readonly float[] _table = new float[Shape.Config.HeadDim];
    private readonly float[] _heads = Shape.Values(Shape.Config.QueryWidth); // [heads, D]

    public long ByteCount => 2L * Shape.Config.QueryWidth * sizeof(float);

    [GlobalSetup]
    public void Setup() => RotaryEmbedding.ComputeTable(Position, _frequencies, _table);

    [Benchmark]
    public void Rotate() => RotaryEmbedding.Rotate(_heads, _table);
}
