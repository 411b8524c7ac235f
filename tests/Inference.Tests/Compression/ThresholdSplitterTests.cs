using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class ThresholdSplitterTests
{
    [Fact]
    public void Split_MixedRow_TakesValuesAtOrAboveTheThreshold()
    {
        float[] row = [1, -5, 4.9f, 5, 0, -4, float.NaN, float.NegativeInfinity];
        var magnitudes = new float[row.Length];
        var columns = new int[row.Length];
        var split = ThresholdSplitter.Split(row, 5, magnitudes, columns);
        Assert.Equal([1, 3, 6, 7], columns[..split.OutlierCount]);
        Assert.Equal((0, 4.9f), (split.Min, split.Max));
        Assert.Equal([1, 0, 4.9f, 0, 0, 4, 0, 0], magnitudes);
    }

    [Fact]
    public void Split_MagnitudeBeyondTheGrid_LeavesWhateverTheThreshold()
    {
        var columns = new int[2];
        var count = ThresholdSplitter.Split([ThresholdSplitter.DenseMagnitudeMax, MathF.BitDecrement(ThresholdSplitter.DenseMagnitudeMax)], float.MaxValue, new float[2], columns).OutlierCount;
        Assert.Equal(ThresholdSplitter.DenseMagnitudeMax, MathF.Pow(2, 126));
        Assert.Equal([0], columns[..count]);
    }

    [Fact]
    public void MagnitudeFor_NotFiniteValues_AreNotPartOfTheRms() =>
        Assert.Equal(2 * 5f, ThresholdSplitter.MagnitudeFor(Threshold.RelativeToRms(2), [5, float.NaN, -5, float.PositiveInfinity]));

    [Fact]
    public void MagnitudeFor_AbsoluteThreshold_IsItself() =>
        Assert.Equal(7, ThresholdSplitter.MagnitudeFor(Threshold.Absolute(7), [1, 2, 3]));

    [Fact]
    public void Split_AllZeroRow_LeavesNothing() =>
        Assert.Equal(0, ThresholdSplitter.Split([0, -0f, 0], ThresholdSplitter.MagnitudeFor(Threshold.RelativeToRms(3), [0, -0f, 0]), new float[3], new int[3]).OutlierCount);
}
