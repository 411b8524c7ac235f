using FsCheck.Fluent;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class MagnitudeQuantileTests
{
    [Fact]
    public void ThresholdFor_AnyRow_IsJustAboveTheValueOfThatRank() =>
        Property.Holds(400, HiddenCase.Gen, sample =>
        {
            var row = sample.Values().AsSpan(0, sample.Width);
            var part = new Random(sample.Seed).NextSingle() is > 0 and var drawn ? drawn : 0.5f;
            var leaving = Math.Min((int)(((1.0 - part) * row.Length) + 0.5), row.Length - 1);
            var descending = row.ToArray().Select(value => BitConverter.SingleToUInt32Bits(value) & 0x7FFF_FFFF).OrderDescending().ToArray();
            var largest = BitConverter.UInt32BitsToSingle(descending[leaving]);
            Assert.Equal(float.IsFinite(largest) ? MathF.BitIncrement(largest) : float.PositiveInfinity, MagnitudeQuantile.ThresholdFor(row, part));
        });

    [Fact]
    public void Split_Quantile_LetsThatPartStay()
    {
        var row = GoldenInputs.Normal(4096);
        var split = ThresholdSplitter.Split(row, ThresholdSplitter.MagnitudeFor(Threshold.Quantile(0.999f), row), new float[4096], new int[4096]);
        Assert.Equal(4, split.OutlierCount);
    }

    [Fact]
    public void Split_OneMagnitude_StaysWhole()
    {
        float[] row = [.. Enumerable.Repeat(-2f, 100)];
        Assert.Equal(0, ThresholdSplitter.Split(row, ThresholdSplitter.MagnitudeFor(Threshold.Quantile(0.5f), row), new float[100], new int[100]).OutlierCount);
    }
}
