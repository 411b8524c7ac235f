using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Kernels;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Kernels;

/// <summary>One head's scores over the context. It overwrites its input, so each call copies the scores first, which is counted.</summary>
[MemoryDiagnoser]
public class SoftmaxBenchmarks : IMeasuredWork
{
    private float[] _input = [];  // [context]
    private float[] _scores = []; // [context]

    [Params(512, 4096)]
    public int Context { get; set; }

    public long ByteCount => 4L * Context * sizeof(float);

    [GlobalSetup]
    public void Setup()
    {
        _input = Shape.Values(Context);
        _scores = new float[Context];
    }

    [Benchmark]
    public void Apply()
    {
        _input.CopyTo(_scores, 0);
        Softmax.Apply(_scores);
    }

    [Benchmark(Baseline = true)]
    public void Scalar()
    {
        _input.CopyTo(_scores, 0);
        Softmax.ApplyScalar(_scores);
    }
}
