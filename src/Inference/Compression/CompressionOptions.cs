using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Compression;

/// <summary>How a hidden state is coded before it crosses the link.</summary>
public sealed record CompressionOptions(FrameCodec Codec, TabqOptions Tabq)
{
    /// <summary>Of the rate–distortion codec.</summary>
    public RateDistortionOptions RateDistortion { get; init; } = new();

    /// <summary>Threshold splitting, TAB-Q and rANS at the measured defaults.</summary>
    public static CompressionOptions Default { get; } = new(FrameCodec.Tabq, new TabqOptions());

    /// <summary>Raw float32: every bit arrives, NaN payloads included.</summary>
    public static CompressionOptions Lossless { get; } = new(FrameCodec.None, new TabqOptions());
}
