using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;

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
    [InlineData(1, true)]
    [InlineData(1.0000001, false)]
    [InlineData(-0.1, true)]
    public void Allows_BoundOnOtherTexts_IsKept(double elsewhere, bool allowed) => Assert.Equal(allowed, new QualityTarget(1).Allows(elsewhere));

    [Theory]
    [InlineData(1.00004, true)] // rounds to 1
    [InlineData(1.0001, false)]
    public void KeepsQuality_RoundedFigures_IsAsBeforeRounding(double elsewhere, bool keeps) => Assert.Equal(
        keeps, new CalibratedTabq(new QualityTarget(1), new TabqOptions(), RisePercent: 0.7, StandardErrorPercent: 0.1, elsewhere, BytesPerToken: 100).KeepsQuality);
}
