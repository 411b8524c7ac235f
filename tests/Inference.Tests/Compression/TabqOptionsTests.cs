using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class TabqOptionsTests
{
    [Theory]
    [InlineData(0.1, 1, 2, "BitsMax")]
    [InlineData(0.1, 9, 2, "BitsMax")]
    [InlineData(0.1, 4, 1, "BitsMin")]
    [InlineData(0.1, 4, 5, "BitsMin")]
    [InlineData(-0.1, 4, 2, "DistortionTolerance")]
    [InlineData(double.NaN, 4, 2, "DistortionTolerance")]
    [InlineData(double.PositiveInfinity, 4, 2, "DistortionTolerance")]
    public void Constructor_OutOfRange_NamesTheOption(double tolerance, int bitsMax, int bitsMin, string option)
    {
        var error = Assert.Throws<UserErrorException>(() => new TabqOptions(null, tolerance, bitsMax, bitsMin));
        Assert.Equal(UserErrorKind.Options, error.Kind);
        Assert.Equal(option, error.Place);
    }

    [Fact]
    public void Constructor_UnsetThreshold_IsRefused() =>
        Assert.Equal("Threshold", Assert.Throws<UserErrorException>(() => new TabqOptions(default(Threshold))).Place);
}
