using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Micro.Throughput;
using SplitActors.Tests.Shared;

namespace SplitActors.Micro.Compression;

/// <summary>
/// The rate–distortion codec with what a calibration adds, [tokens, 256] at the middle split of the embedded model: a rotation costs d² multiplications per
/// token, a prediction twice as many. GB/s are of float16.
/// </summary>
[MemoryDiagnoser]
public class TransformBenchmarks : IMeasuredWork
{
    private const int SplitLayer = 4;
    private const int Width = 256;

    private SplitCalibration? _calibration;
    private HiddenStateEncoder _encoder = new(CompressionOptions.Default);
    private float[] _hidden = [];     // [tokens, d]
    private float[] _embeddings = []; // [tokens, d]
    private float[] _decoded = [];    // [tokens, d]
    private byte[] _frame = [];

    [Params(1, 512)]
    public int Tokens { get; set; }

    [ParamsAllValues]
    public RateDistortionTransform Transform { get; set; }

    public long ByteCount => (long)Tokens * Width * sizeof(ushort);

    [GlobalSetup]
    public void Setup()
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        _calibration = ModelCalibration.TryOpen(checkpoint, SplitLayer)!.For(SplitLayer)!;
        var values = HiddenStates.Normal(2 * Tokens * Width / HiddenStates.Width + 1);
        _hidden = values[..(Tokens * Width)];
        _embeddings = values[(Tokens * Width)..(2 * Tokens * Width)];
        _decoded = new float[_hidden.Length];
        _encoder = new HiddenStateEncoder(_calibration.RateDistortionFor(QualityTarget.Default, Transform), _calibration);
        _frame = Encode().Bytes.ToArray();
        if (Decode() != DecodeStatus.Ok)
            throw new InvalidOperationException("The frame does not decode.");
    }

    [Benchmark]
    public EncodedFrame Encode() => _encoder.Encode(_hidden, Tokens, Width, _embeddings);

    [Benchmark]
    public DecodeStatus Decode() => FrameDecoder.Decode(_frame, _decoded, out _, _calibration, _embeddings);
}
