using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Kernels;

/// <summary>
/// Y [tokens, outputs] = X·Wᵀ with quantized weights on one thread, the quantization of X included: memory limits one token, arithmetic many.
/// </summary>
[MemoryDiagnoser]
public class QuantizedMatMulBenchmarks : IMeasuredWork, IDisposable
{
    private Workspace? _workspace;
    private LinearGroup? _weights; // [outputs, inputs]
    private float[] _x = [];       // [tokens, inputs]
    private float[] _y = [];       // [tokens, outputs]

    [Params(1, 8, 64)]
    public int Tokens { get; set; }

    [Params(8, 4, 3, 2)]
    public int Bits { get; set; }

    [Params(Projection.QProj, Projection.GateProj, Projection.DownProj)]
    public Projection Matrix { get; set; }

    public long ByteCount => Layout.ByteCount + ((long)Tokens * (Layout.ColumnCount + Layout.RowCount) * sizeof(float));

    public long OperationCount => 2L * Tokens * Layout.RowCount * Layout.ColumnCount;

    private TileLayout Layout
    {
        get
        {
            var (outputs, inputs) = Matrix.SizeIn(Shape.Config);
            return new TileLayout(outputs, inputs, new WeightFormat(Bits));
        }
    }

    [GlobalSetup]
    public void Setup()
    {
        _workspace = new Workspace(Shape.Config, Tokens, ComputeThreads.Single);
        _weights = new LinearGroup(new QuantizedLinear(QuantizedMatrix.Synthesize(Layout, seed: 1, new NativeArena())));
        _x = Shape.Values(Tokens * Layout.ColumnCount);
        _y = new float[Tokens * Layout.RowCount];
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void Multiply() => _weights!.Forward(_x, _workspace!, _y);
}
