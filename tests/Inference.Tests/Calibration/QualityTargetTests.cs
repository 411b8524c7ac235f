using SplitActors.Inference.Calibration;

namespace SplitActors.Inference.Tests.Calibration;

public class QualityTargetTests
{
    [Theory]
    [InlineData("0.1%", 0.1)]
    [InlineData("1", 1)]
    [InlineData(" 3% ", 3)]
    public void Parse_OneOfAll_IsRead(string text, double percent) => Assert.Equal(new QualityTarget(percent), QualityTarget.Parse(text, "--quality"));

    [Theory]
    [InlineData("")]
    [InlineData("2%")]
    [InlineData("much")]
    public void Parse_AnythingElse_IsRefused(string text) =>
        Assert.Contains("0.1%, 0.5%, 1%, 3%", Assert.Throws<UserErrorException>(() => QualityTarget.Parse(text, "--quality")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0.7, 0, true)]
    [InlineData(0.6, 0.15, true)]
    [InlineData(0.72, 0, false)]
    [InlineData(0.6, 0.17, false)]
    [InlineData(-0.1, 0.5, true)]
    public void Allows_RoomForOtherTextsAndNoise_IsKept(double rise, double error, bool allowed) =>
        Assert.Equal(allowed, new QualityTarget(1).Allows(rise, error));
}
