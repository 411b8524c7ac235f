using BenchmarkDotNet.Attributes;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Micro.Throughput;

namespace SplitActors.Micro.Compression;

/// <summary>How the frames of <see cref="FrameBenchmarks"/> are coded.</summary>
public enum FrameKind
{
    Tabq,

    /// <summary>One frequency table for all columns.</summary>
    RateDistortion,

    /// <summary>Calibrated: each column has its mean and its frequency table.</summary>
    Columns,
}

/// <summary>The hidden state at the split of a 7B model, [tokens, 4096], to a frame and back. GB/s are of float16, what it would take uncompressed.</summary>
[MemoryDiagnoser]
public class FrameBenchmarks : IMeasuredWork
{
    /// <summary>Of the RMS: what holds the rise of perplexity at about 0.5 %.</summary>
    private const float RelativeStep = 0.4f;

    private HiddenStateEncoder _encoder = new(CompressionOptions.Default);
    private SplitCalibration? _calibration;
    private float[] _hidden = []; // [tokens, d]
    private float[] _decoded = []; // [tokens, d]
    private byte[] _frame = [];

    [Params(1, 512)]
    public int Tokens { get; set; }

    [Params(FrameKind.Tabq, FrameKind.RateDistortion, FrameKind.Columns)]
    public FrameKind Kind { get; set; }

    public long ByteCount => (long)Tokens * HiddenStates.Width * sizeof(ushort);

    [GlobalSetup]
    public void Setup()
    {
        _calibration = Kind == FrameKind.Columns ? HiddenStates.ColumnStatistics() : null;
        _hidden = Kind == FrameKind.Columns ? HiddenStates.OfUnlikeColumns(Tokens) : HiddenStates.Normal(Tokens);
        _encoder = new HiddenStateEncoder(Options(Kind), _calibration);
        _decoded = new float[_hidden.Length];
        _frame = Encode().Bytes.ToArray();
        if (Decode() != DecodeStatus.Ok)
            throw new InvalidOperationException("The frame does not decode.");
        Console.WriteLine($"// {Kind}, {Tokens} tokens: {_frame.Length} bytes, {8.0 * _frame.Length / _hidden.Length:F2} bits per value");
    }

    [Benchmark]
    public EncodedFrame Encode() => _encoder.Encode(_hidden, Tokens, HiddenStates.Width);

    [Benchmark]
    public DecodeStatus Decode() => FrameDecoder.Decode(_frame, _decoded, out _, _calibration);

    private static CompressionOptions Options(FrameKind kind) => kind == FrameKind.Tabq
        ? CompressionOptions.Default
        : new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions())
        {
            RateDistortion = new RateDistortionOptions(
                RelativeStep, kind == FrameKind.Columns ? RateDistortionTransform.Columns : RateDistortionTransform.None),
        };
}
