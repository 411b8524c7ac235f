using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Calibration;

/// <summary>A setting of the rate–distortion codec and what it is expected to cost.</summary>
/// <param name="Quality">The quality that it was chosen for.</param>
/// <param name="RateDistortion">Step and transform.</param>
/// <param name="RisePercent">Rise of perplexity on the calibration's held-back text, by the curve that was fitted.</param>
/// <param name="StandardErrorPercent">Of that rise.</param>
/// <param name="ElsewherePercent">What the rise on another text of this kind stays below with 95 %.</param>
public sealed record CalibratedStep(
    QualityTarget Quality, RateDistortionOptions RateDistortion, double RisePercent, double StandardErrorPercent, double ElsewherePercent)
{
    /// <summary>False where no step keeps the quality, and this is the finest.</summary>
    public bool KeepsQuality => Quality.AllowsRounded(ElsewherePercent);
}

/// <summary>A setting of TAB-Q and what it is expected to cost: of all that keep the quality, the one with the shortest frames.</summary>
/// <param name="Quality">The quality that it was chosen for.</param>
/// <param name="Tabq">τ, Δ and bits.</param>
/// <param name="RisePercent">Rise of perplexity on the calibration's held-back text, by the curve that was fitted.</param>
/// <param name="StandardErrorPercent">Of that rise.</param>
/// <param name="ElsewherePercent">What the rise on another text of this kind stays below with 95 %.</param>
/// <param name="BytesPerToken">In frames of 64 tokens, all included.</param>
public sealed record CalibratedTabq(
    QualityTarget Quality, TabqOptions Tabq, double RisePercent, double StandardErrorPercent, double ElsewherePercent, double BytesPerToken)
{
    /// <summary>False where no setting that was measured keeps the quality, and this is the finest.</summary>
    public bool KeepsQuality => Quality.AllowsRounded(ElsewherePercent);
}
