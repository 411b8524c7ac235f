using SplitActors.Inference.Calibration;

namespace SplitActors.Inference.Tests.Calibration;

public sealed class MagnitudeHistogramTests
{
    /// <summary>Fifteen values of 1 and one of 7: the RMS is 2, so 15/16 of the values are at 0.5 and the rest at 3.5.</summary>
    private static MagnitudeHistogram Histogram(float scale = 1)
    {
        var histogram = new MagnitudeHistogram(16);
        histogram.Add([.. Enumerable.Repeat(scale, 15), -7 * scale]);
        return histogram;
    }

    [Theory]
    [InlineData(0.1, 1)]
    [InlineData(0.6, 1.0 / 16)]
    [InlineData(3, 1.0 / 16)]
    [InlineData(4, 0)]
    public void ShareFrom_Multiple_CountsValuesRelativeToTheRms(double multiple, double expected)
    {
        Assert.Equal(expected, Histogram().ShareFrom(multiple), 1e-12);
        Assert.Equal(expected, Histogram(scale: 1000).ShareFrom(multiple), 1e-12);
    }

    /// <summary>Two levels with 15/16 and 1/16, each with a sign; or the larger value as an outlier of 45 bits.</summary>
    [Fact]
    public void BitsPerValue_TwoMagnitudes_IsTheirEntropy()
    {
        var entropy = (15.0 / 16 * Math.Log2(16.0 / 15)) + (1.0 / 16 * 4) + 1;
        Assert.Equal(entropy, Histogram().BitsPerValue(step: 0.5, threshold: 7.5), 1e-12);
        Assert.Equal((15.0 / 16 * (Math.Log2(16.0 / 15) + 1)) + (45.0 / 16), Histogram().BitsPerValue(step: 0.5, threshold: 2), 1e-12);
    }

    [Fact]
    public void Add_TokensThatAreZeroOrNotFinite_DoNotCount()
    {
        var histogram = new MagnitudeHistogram(2);
        histogram.Add([0, 0, float.NaN, 1]);
        Assert.Equal(1, histogram.ShareFrom(0.5), 1e-12);
    }
}
