using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Compression;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Compression;

/// <summary>The hidden state at the split of a 7B model, [tokens, 4096], to a frame and back. GB/s are of float16, what it would take uncompressed.</summary>
[MemoryDiagnoser]
public class FrameBenchmarks : IMeasuredWork
{
    private readonly HiddenStateEncoder _encoder = new(CompressionOptions.Default);
    private float[] _hidden = []; // [tokens, d]
    private float[] _decoded = []; // [tokens, d]
    private byte[] _frame = [];

    [Params(1, 512)]
    public int Tokens { get; set; }

    public long ByteCount => (long)Tokens * HiddenStates.Width * sizeof(ushort);

    [GlobalSetup]
    public void Setup()
    {
        _hidden = HiddenStates.Normal(Tokens);
        _decoded = new float[_hidden.Length];
        _frame = Encode().Bytes.ToArray();
        if (Decode() != DecodeStatus.Ok)
            throw new InvalidOperationException("The frame does not decode.");
    }

    [Benchmark]
    public EncodedFrame Encode() => _encoder.Encode(_hidden, Tokens, HiddenStates.Width);

    [Benchmark]
    public DecodeStatus Decode() => FrameDecoder.Decode(_frame, _decoded, out _);
}
