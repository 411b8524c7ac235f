using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Kernels;

namespace SplitActors.Micro.Kernels;

/// <summary>Sines and cosines of one position, which all layers share.</summary>
[MemoryDiagnoser]
public class RotaryTableBenchmarks
{
    private const int Position = 511;

    private readonly float[] _frequencies = RotaryEmbedding.InverseFrequencies(Shape.Config.RopeTheta, Shape.Config.HeadDim); // [D/2]
    private readonly float[] _table = new float[Shape.Config.HeadDim];

    [Benchmark]
    public void ComputeTable() => RotaryEmbedding.ComputeTable(Position, _frequencies, _table);
}
