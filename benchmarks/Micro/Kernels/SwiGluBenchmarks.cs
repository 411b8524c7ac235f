using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Kernels;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Kernels;

/// <summary>
/// One layer's activation: [tokens, intermediate]. It overwrites its input, so each call copies the gate first, which is counted.
/// </summary>
[MemoryDiagnoser]
public class SwiGluBenchmarks : IMeasuredWork
{
    private float[] _input = []; // [tokens, intermediate]
    private float[] _gate = [];  // [tokens, intermediate]
    private float[] _up = [];    // [tokens, intermediate]

    [Params(1, 64)]
    public int Tokens { get; set; }

    public long ByteCount => 5L * Tokens * Shape.Config.IntermediateSize * sizeof(float);

    [GlobalSetup]
    public void Setup()
    {
        _input = Shape.Values(Tokens * Shape.Config.IntermediateSize);
        _up = Shape.Values(_input.Length);
        _gate = new float[_input.Length];
    }

    [Benchmark]
    public void Apply()
    {
        _input.CopyTo(_gate, 0);
        SwiGlu.Apply(_gate, _up);
    }

    [Benchmark(Baseline = true)]
    public void Scalar()
    {
        _input.CopyTo(_gate, 0);
        SwiGlu.ApplyScalar(_gate, _up);
    }
}
