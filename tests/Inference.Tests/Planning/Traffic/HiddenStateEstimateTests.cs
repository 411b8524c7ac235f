using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.Planning.Traffic;
using SplitActors.Inference.Tests.Evaluation;
using SplitActors.Inference.Tests.Evaluation.Codecs;
using SplitActors.Inference.Tests.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Planning.Traffic;

public sealed class HiddenStateEstimateTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public void TokenBytes_CalibratedSplit_IsNearWhatTextTakes(int splitLayer)
    {
        var calibration = ModelCalibration.TryOpen(Quill.Checkpoint)!.For(splitLayer)!;
        var options = calibration.RateDistortionFor(QualityTarget.Default, RateDistortionTransform.Columns);
        using var threads = new ComputeThreads(2);
        var codec = new CodecChoice("session", () => new FrameTransport(options, calibration));
        using var evaluation = new CodecEvaluation(Quill.Checkpoint, [splitLayer], [codec], new StepClock(), threads);
        var measured = evaluation.Run(HeldoutText.Tokens.AsMemory(0, 400)).Measurements[0].Link.BytesPerTokenAlone;
        Assert.InRange(HiddenStateEstimate.TokenBytes(Quill.Config.HiddenSize, options, calibration), 0.9 * measured, 1.1 * measured);
    }

    /// <summary>A normal variable of deviation σ in steps of Δ has log₂(σ·√(2πe)/Δ) bits.</summary>
    [Fact]
    public void TokenBytes_WithoutCalibration_IsNearTheEntropy()
    {
        const int Width = 4096;
        var options = new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = new RateDistortionOptions(0.3f) };
        var entropy = Width / 8.0 * Math.Log2(Math.Sqrt(2 * Math.PI * Math.E) / 0.3);
        Assert.InRange(HiddenStateEstimate.TokenBytes(Width, options, calibration: null), 0.85 * entropy, 1.1 * entropy);
    }
}
