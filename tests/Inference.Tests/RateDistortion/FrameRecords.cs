using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Tests.RateDistortion;

/// <summary>What a rate–distortion frame says before its symbols.</summary>
internal static class FrameRecords
{
    public static FrameSetting Setting(ReadOnlySpan<byte> frame, FrameHeader header)
    {
        var reader = new ByteReader(frame[header.HeaderBytes..]);
        Assert.True(FrameSetting.TryRead(ref reader, out var setting));
        return setting;
    }

    /// <summary>[rows] As they travel; of tokens whose levels are all 0, as the encoder took them.</summary>
    public static float[] Steps(
        ReadOnlySpan<byte> frame, FrameHeader header, ReadOnlySpan<float> hidden, float relativeStep, SplitCalibration? calibration = null)
    {
        var reader = new ByteReader(frame[header.HeaderBytes..]);
        Assert.True(FrameSetting.TryRead(ref reader, out var setting));
        var scaleMin = calibration?.Transform(setting.Transform)?.ScaleMin ?? 0;
        var steps = new float[header.Rows];
        for (var row = 0; row < steps.Length; row++)
        {
            Assert.True(TokenRecord.TryRead(ref reader, out var token));
            Assert.True(!token.HasOutliers || OutlierCoder.TrySkip(ref reader, header.Width, out _));
            var scale = Math.Max(TokenScale.Measure(hidden.Slice(row * header.Width, header.Width), new float[header.Width]), scaleMin);
            steps[row] = StepGrid.Value(token.IsZero ? StepGrid.Nearest((float)Math.Min(scale * relativeStep, float.MaxValue)) : token.Step);
        }

        return steps;
    }
}
