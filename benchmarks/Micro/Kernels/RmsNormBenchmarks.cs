using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Kernels;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Kernels;

/// <summary>One norm of a layer: [tokens, d].</summary>
[MemoryDiagnoser]
public class RmsNormBenchmarks : IMeasuredWork
{
    private float[] _x = [];      // [tokens, d]
    private float[] _weight = []; // [d]
    private float[] _y = [];      // [tokens, d]

    [Params(1, 512)]
    public int Tokens { get; set; }

    public long ByteCount => 2L * Tokens * Shape.Config.HiddenSize * sizeof(float);

    [GlobalSetup]
    public void Setup()
    {
        _x = Shape.Values(Tokens * Shape.Config.HiddenSize);
        _weight = Shape.Values(Shape.Config.HiddenSize);
        _y = new float[_x.Length];
    }

    [Benchmark]
    public void Normalize() => RmsNorm.Normalize(_x, _weight, Shape.Config.RmsNormEps, _y);

    [Benchmark(Baseline = true)]
    public void Scalar() => RmsNorm.NormalizeScalar(_x, _weight, Shape.Config.RmsNormEps, _y);
}
