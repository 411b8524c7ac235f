using SplitActors.Inference.Calibration;
using SplitActors.Inference.Tests.Models;

namespace SplitActors.Inference.Tests.Calibration;

public sealed class CalibrationTextTests
{
    /// <summary>Eight windows of 64 tokens in the fifth that is held back, or two tokens for each column in the rest.</summary>
    [Theory]
    [InlineData(256, false, 2560)]
    [InlineData(256, true, 2560)]
    [InlineData(1024, true, 2560)]
    [InlineData(2048, true, 5120)]
    [InlineData(4096, true, 10240)]
    [InlineData(4096, false, 2560)]
    public void TokensMin_Width_GrowsWithItWhereACovarianceIsWanted(int width, bool withCovariance, int expected) =>
        Assert.Equal(expected, CalibrationText.TokensMin(width, withCovariance));

    [Theory]
    [InlineData(256, true, 100_000)]
    [InlineData(8192, true, 163_840)] // 16 for each column
    [InlineData(8192, false, 100_000)]
    public void TokensDefault_Width_GrowsWithIt(int width, bool withCovariance, int expected) =>
        Assert.Equal(expected, CalibrationText.TokensDefault(width, withCovariance));

    [Fact]
    public void Of_TextTooShortForTheWidth_SaysBothNumbers()
    {
        var error = Assert.Throws<UserErrorException>(() => Parts(tokenCount: 10_239, width: 4096, withKarhunenLoeve: true));
        Assert.Equal("text", error.Place);
        Assert.Contains("at least 10240 tokens for eigenvectors of 4096 columns, 2 for each in the four fifths", error.Message, StringComparison.Ordinal);
        Assert.Contains("found 10239 tokens. Give a longer text, or leave out --klt and --prediction.", error.Message, StringComparison.Ordinal);
        Assert.Equal(8192, Parts(tokenCount: 10_240, width: 4096, withKarhunenLoeve: true).Statistics.Length);
        Assert.Equal(2048, Parts(tokenCount: 2560, width: 4096, withKarhunenLoeve: false).Statistics.Length);
    }

    [Fact]
    public void Of_FewerTokensAskedForThanTheWidthNeeds_NamesTheOption() =>
        Assert.Equal("--tokens", Assert.Throws<UserErrorException>(() => Parts(tokenCount: 50_000, width: 4096, withKarhunenLoeve: true, tokenCountMax: 5000)).Place);

    /// <summary>Each part has eight windows or more, up to what the model takes at once.</summary>
    [Theory]
    [InlineData(2560, 256, 64)]
    [InlineData(16_000, 511, 400)]
    [InlineData(100_000, 511, 511)]
    public void Of_AnyLength_HasWindowsEnoughForAStandardError(int tokenCount, int statisticsWindow, int qualityWindow)
    {
        var parts = Parts(tokenCount, width: 256, withKarhunenLoeve: true);
        Assert.Equal((statisticsWindow, qualityWindow), (parts.StatisticsWindowTokens, parts.QualityWindowTokens));
        Assert.Equal(tokenCount / 5, parts.Quality.Length);
    }

    private static CalibrationText Parts(int tokenCount, int width, bool withKarhunenLoeve, int? tokenCountMax = null) => CalibrationText.Of(
        new int[tokenCount], "text", Quill.Config with { HiddenSize = width }, new CalibrationOptions([1], withKarhunenLoeve, WithPrediction: false, tokenCountMax));
}
