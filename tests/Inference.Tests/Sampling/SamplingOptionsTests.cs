using SplitActors.Inference.Sampling;

namespace SplitActors.Inference.Tests.Sampling;

public sealed class SamplingOptionsTests
{
    public static TheoryData<SamplingOptions> Valid =>
    [
        SamplingOptions.Greedy,
        new SamplingOptions { Temperature = 2, TopK = int.MaxValue, TopP = float.Epsilon, MinP = 1, RepetitionPenalty = 0.5f },
    ];

    public static TheoryData<SamplingOptions, string, string> Invalid => new()
    {
        { new SamplingOptions { Temperature = -0.1f }, "--temperature", "-0.1" },
        { new SamplingOptions { Temperature = float.NaN }, "--temperature", "NaN" },
        { new SamplingOptions { Temperature = float.PositiveInfinity }, "--temperature", "Infinity" },
        { new SamplingOptions { TopK = -1 }, "--top-k", "-1" },
        { new SamplingOptions { TopP = 0 }, "--top-p", "0" },
        { new SamplingOptions { TopP = 1.01f }, "--top-p", "1.01" },
        { new SamplingOptions { TopP = float.NaN }, "--top-p", "NaN" },
        { new SamplingOptions { MinP = -0.5f }, "--min-p", "-0.5" },
        { new SamplingOptions { MinP = 2 }, "--min-p", "2" },
        { new SamplingOptions { MinP = float.NaN }, "--min-p", "NaN" },
        { new SamplingOptions { RepetitionPenalty = 0 }, "--repetition-penalty", "0" },
        { new SamplingOptions { RepetitionPenalty = -1 }, "--repetition-penalty", "-1" },
        { new SamplingOptions { RepetitionPenalty = float.PositiveInfinity }, "--repetition-penalty", "Infinity" },
    };

    [Theory]
    [MemberData(nameof(Valid))]
    public void FindError_ValuesWithinTheirRanges_IsNone(SamplingOptions options) => Assert.Null(options.FindError());

    [Theory]
    [MemberData(nameof(Invalid))]
    public void FindError_ValueOutsideOfItsRange_NamesTheOptionAndTheValue(SamplingOptions options, string place, string found)
    {
        var error = options.FindError();
        Assert.NotNull(error);
        Assert.Equal((UserErrorKind.Options, place), (error.Kind, error.Place));
        Assert.Contains($"found {found}.", error.Message, StringComparison.Ordinal);
    }
}
