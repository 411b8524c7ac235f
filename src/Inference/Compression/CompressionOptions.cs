using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Compression;

/// <summary>How a hidden state is coded before it crosses the link.</summary>
public sealed record CompressionOptions(FrameCodec Codec, TabqOptions Tabq)
{
    /// <summary>Of the rate–distortion codec.</summary>
    public RateDistortionOptions RateDistortion { get; init; } = new();

    /// <summary>What the settings were chosen for; null if they were given themselves.</summary>
    public QualityTarget? Quality { get; init; }

    /// <summary>Rise of perplexity that a calibration expects of the settings; null without one.</summary>
    public double? ExpectedRisePercent { get; init; }

    /// <summary>The calibration that the frames may need (<see cref="ModelCalibration.Id"/>); 0 for none.</summary>
    public ulong CalibrationId { get; init; }

    /// <summary>Whether the receiver is told the token ids of the prompt, so that the prompt's hidden states can be predicted like those of generated tokens.</summary>
    public bool SharesPromptTokens { get; init; }

    /// <summary>Threshold splitting, TAB-Q and rANS at the measured defaults.</summary>
    public static CompressionOptions Default { get; } = new(FrameCodec.Tabq, new TabqOptions());

    /// <summary>Raw float32: every bit arrives, NaN payloads included.</summary>
    public static CompressionOptions Lossless { get; } = new(FrameCodec.None, new TabqOptions());
}
