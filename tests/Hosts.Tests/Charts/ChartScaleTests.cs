using SplitActors.Hosts.Charts;

namespace SplitActors.Hosts.Tests.Charts;

public sealed class ChartScaleTests
{
    [Theory]
    [InlineData(new double[] { 84, 512 }, new double[] { 0, 100, 200, 300, 400, 500, 600 })]
    [InlineData(new double[] { 0, 3 }, new double[] { 0, 0.5, 1, 1.5, 2, 2.5, 3 })]
    [InlineData(new double[] { -1, 4 }, new double[] { -1, 0, 1, 2, 3, 4 })]
    [InlineData(new double[] { 0 }, new double[] { 0, 1 })]
    [InlineData(new double[] { }, new double[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    public void Ticks_Linear_AreRoundAndHoldAllValues(double[] values, double[] ticks) => AssertClose(ticks, new ChartScale(values, isLogarithmic: false, 0, 100).Ticks);

    [Theory]
    [InlineData(new double[] { 0.02, 30 }, new double[] { 0.01, 0.1, 1, 10, 100 })]
    [InlineData(new double[] { 2, 30 }, new double[] { 1, 2, 5, 10, 20, 50, 100 })]
    [InlineData(new double[] { 1 }, new double[] { 1, 2, 5, 10 })]
    [InlineData(new double[] { -1, 0, double.NaN, 3 }, new double[] { 1, 2, 5, 10 })]
    [InlineData(new double[] { 1e-12, 10 }, new double[] { 1e-4, 1e-3, 1e-2, 0.1, 1, 10 })] // five decades are enough
    public void Ticks_Logarithmic_AreDecades(double[] values, double[] ticks) => AssertClose(ticks, new ChartScale(values, isLogarithmic: true, 0, 100).Ticks);

    [Fact]
    public void At_Linear_IsProportional()
    {
        var scale = new ChartScale([0, 10], isLogarithmic: false, 400, 100);
        Assert.Equal((400, 250, 100), (scale.At(0), scale.At(5), scale.At(10)));
    }

    [Fact]
    public void At_Logarithmic_StepsByDecades()
    {
        var scale = new ChartScale([1, 100], isLogarithmic: true, 0, 100);
        Assert.Equal((0, 50, 100), (scale.At(1), scale.At(10), scale.At(100)));
        Assert.Equal((0, 0, false, true), (scale.At(0), scale.At(-3), scale.Reaches(0), scale.Reaches(1)));
    }

    private static void AssertClose(double[] expected, IReadOnlyList<double> actual)
    {
        Assert.Equal(expected.Length, actual.Count);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-9 + Math.Abs(pair.First * 1e-9)));
    }
}
