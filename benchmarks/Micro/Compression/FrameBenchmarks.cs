using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Compression;
using SplitActors.Micro.Kernels;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Compression;

/// <summary>The hidden state at the split, [tokens, d], to a frame and back. GB/s are of the float32 values.</summary>
[MemoryDiagnoser]
public class FrameBenchmarks : IMeasuredWork
{
    private readonly HiddenStateEncoder _encoder = new(CompressionOptions.Default);
    private float[] _hidden = []; // [tokens, d]
    private float[] _decoded = []; // [tokens, d]
    private byte[] _frame = [];

    [Params(1, 512)]
    public int Tokens { get; set; }

    public long ByteCount => (long)Tokens * Shape.Config.HiddenSize * sizeof(float);

    [GlobalSetup]
    public void Setup()
    {
        _hidden = Shape.Values(Tokens * Shape.Config.HiddenSize);
        _decoded = new float[_hidden.Length];
        _frame = Encode().Bytes.ToArray();
    }

    [Benchmark]
    public EncodedFrame Encode() => _encoder.Encode(_hidden, Tokens, Shape.Config.HiddenSize);

    [Benchmark]
    public DecodeStatus Decode() => FrameDecoder.Decode(_frame, _decoded, out _);
}
