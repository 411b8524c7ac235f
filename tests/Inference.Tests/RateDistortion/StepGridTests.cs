using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Tests.RateDistortion;

public class StepGridTests
{
    [Fact]
    public void Value_EveryPlace_IsAQuarterOfAnOctaveAboveTheOneBefore()
    {
        for (var index = StepGrid.IndexMin; index <= StepGrid.IndexMax; index++)
        {
            Assert.InRange(StepGrid.Value(index) / Math.Pow(2, index / 4.0), 1 - 1e-7, 1 + 1e-7);
            Assert.Equal(index, StepGrid.Nearest(StepGrid.Value(index)));
        }
    }

    [Theory]
    [InlineData(0f, StepGrid.IndexMin)]
    [InlineData(float.Epsilon, StepGrid.IndexMin)]
    [InlineData(1.09f, 0)]
    [InlineData(1.0906f, 1)]
    [InlineData(1.84f, 4)]
    [InlineData(float.MaxValue, StepGrid.IndexMax)]
    [InlineData(float.PositiveInfinity, StepGrid.IndexMax)]
    public void Nearest_Value_IsTheNearestByRatio(float value, int expected) => Assert.Equal(expected, StepGrid.Nearest(value));
}
