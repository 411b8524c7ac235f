using SplitActors.Inference.Calibration;

namespace SplitActors.Inference.Tests.Calibration;

public sealed class StudentTTests
{
    [Theory]
    [InlineData(5, 2.0150)]
    [InlineData(7, 1.8946)]
    [InlineData(15, 1.7531)]
    [InlineData(23, 1.7139)]
    [InlineData(1_000_000, 1.6449)]
    public void Quantile95_DegreesOfATable_IsTheTables(int degrees, double expected) =>
        Assert.Equal(expected, StudentT.Quantile95(degrees), 0.001 * expected);
}
