using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class ThresholdTests
{
    [Theory]
    [InlineData("5", 5f, false)]
    [InlineData("3rms", 3f, true)]
    [InlineData(" 3.5 RMS ", 3.5f, true)]
    [InlineData("1e-3", 0.001f, false)]
    public void Parse_EitherForm_GivesValueAndUnit(string text, float value, bool isRelative)
    {
        var threshold = Threshold.Parse(text, "compression.threshold");
        Assert.Equal(value, threshold.Value);
        Assert.Equal(isRelative, threshold.IsRelative);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("0.1")]
    [InlineData("3rms")]
    [InlineData("1.1754944E-38rms")]
    public void ToString_ParsedAgain_IsTheSameThreshold(string text)
    {
        var threshold = Threshold.Parse(text, "compression.threshold");
        Assert.Equal(threshold, Threshold.Parse(threshold.ToString(), "compression.threshold"));
        Assert.Equal(text, threshold.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("rms")]
    [InlineData("0")]
    [InlineData("-1rms")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("3std")]
    public void Parse_NeitherForm_NamesPlaceAndText(string text)
    {
        var error = Assert.Throws<UserErrorException>(() => Threshold.Parse(text, "compression.threshold"));
        Assert.Equal(UserErrorKind.Options, error.Kind);
        Assert.Contains("compression.threshold", error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }
}
