using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class ThresholdTests
{
    [Theory]
    [InlineData("5", 5f, ThresholdUnit.Magnitude)]
    [InlineData("3rms", 3f, ThresholdUnit.Rms)]
    [InlineData(" 3.5 RMS ", 3.5f, ThresholdUnit.Rms)]
    [InlineData("1e-3", 0.001f, ThresholdUnit.Magnitude)]
    [InlineData("q0.999", 0.999f, ThresholdUnit.Quantile)]
    [InlineData(" Q .5", 0.5f, ThresholdUnit.Quantile)]
    public void Parse_AnyForm_GivesValueAndUnit(string text, float value, ThresholdUnit unit)
    {
        var threshold = Threshold.Parse(text, "compression.threshold");
        Assert.Equal(value, threshold.Value);
        Assert.Equal(unit, threshold.Unit);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("0.1")]
    [InlineData("3rms")]
    [InlineData("1.1754944E-38rms")]
    [InlineData("q0.999")]
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
    [InlineData("q1")]
    [InlineData("q0")]
    [InlineData("q0.5rms")]
    public void Parse_NoneOfTheForms_NamesPlaceAndText(string text)
    {
        var error = Assert.Throws<UserErrorException>(() => Threshold.Parse(text, "compression.threshold"));
        Assert.Equal(UserErrorKind.Options, error.Kind);
        Assert.Contains("compression.threshold", error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }
}
