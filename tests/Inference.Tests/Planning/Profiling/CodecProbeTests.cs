using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Planning.Profiling;
using SplitActors.Inference.Tests.Evaluation.Codecs;
using SplitActors.Inference.Tests.Models;

namespace SplitActors.Inference.Tests.Planning.Profiling;

public sealed class CodecProbeTests
{
    [Fact]
    public void Measure_CalibratedSplit_TimesOneFrame()
    {
        var calibration = ModelCalibration.TryOpen(Quill.Checkpoint)!.For(4)!;
        var options = calibration.RateDistortionFor(QualityTarget.Default, RateDistortionTransform.Columns);
        var (encode, decode) = CodecProbe.Measure(Quill.Config.HiddenSize, options, calibration, new StepClock());
        Assert.Equal(1e-6, encode, 1e-12); // between two looks at the clock
        Assert.Equal(1e-6, decode, 1e-12);
    }
}
