using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.Memory;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Kernels;

/// <summary>How the weights are stored.</summary>
public enum StoredWeights
{
    BFloat16,
    Float32,
}

/// <summary>Y [tokens, outputs] = X·Wᵀ on one thread: memory limits one token, arithmetic many. W is larger than a cache but for q_proj.</summary>
[MemoryDiagnoser]
public unsafe class MatMulBenchmarks : IMeasuredWork, IDisposable
{
    private NativeBuffer? _weights; // [outputs, inputs]
    private NativeBuffer? _x;       // [tokens, inputs]
    private NativeBuffer? _y;       // [tokens, outputs]

    [Params(1, 64)]
    public int Tokens { get; set; }

    [Params(StoredWeights.BFloat16, StoredWeights.Float32)]
    public StoredWeights Weights { get; set; }

    [Params(Projection.QProj, Projection.GateProj, Projection.DownProj, Projection.LmHead)]
    public Projection Matrix { get; set; }

    public long ByteCount => ((long)Outputs * Inputs * ElementBytes) + ((long)Tokens * (Inputs + Outputs) * sizeof(float));

    public long OperationCount => 2L * Tokens * Outputs * Inputs;

    private int Outputs => Matrix.SizeIn(Shape.Config).Outputs;

    private int Inputs => Matrix.SizeIn(Shape.Config).Inputs;

    private int ElementBytes => Weights == StoredWeights.BFloat16 ? BFloat16Weights.ElementBytes : Float32Weights.ElementBytes;

    [GlobalSetup]
    public void Setup()
    {
        _weights = new NativeBuffer((long)Outputs * Inputs * ElementBytes);
        _x = new NativeBuffer((long)Tokens * Inputs * sizeof(float));
        _y = new NativeBuffer((long)Tokens * Outputs * sizeof(float));
        var row = Shape.Values(Inputs);
        for (var token = 0; token < Tokens; token++)
            row.CopyTo(new Span<float>(_x.Pointer + ((long)token * Inputs * sizeof(float)), Inputs));
        for (var output = 0; output < Outputs; output++)
            Store(row, _weights.Pointer + ((long)output * Inputs * ElementBytes));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _weights?.Dispose();
        _x?.Dispose();
        _y?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void Multiply()
    {
        byte* weights = _weights!.Pointer;
        float* x = (float*)_x!.Pointer, y = (float*)_y!.Pointer;
        if (Weights == StoredWeights.BFloat16)
            MatMul.Multiply<BFloat16Weights>(weights, x, y, Tokens, Inputs, Outputs, Outputs);
        else
            MatMul.Multiply<Float32Weights>(weights, x, y, Tokens, Inputs, Outputs, Outputs);
    }

    private void Store(ReadOnlySpan<float> values, byte* row)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (Weights == StoredWeights.BFloat16)
                ((ushort*)row)[i] = (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16);
            else
                ((float*)row)[i] = values[i];
        }
    }
}
