namespace SplitActors.Inference.Sampling;

/// <summary>How a token is drawn from logits. The defaults change nothing but the temperature: 0 is greedy.</summary>
public sealed record SamplingOptions
{
    public static SamplingOptions Greedy { get; } = new();

    /// <summary>Divides the logits; 0 takes the largest logit (the lowest id of equals).</summary>
    public float Temperature { get; init; }

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the smallest set of most likely tokens whose probability reaches p [arXiv 1904.09751]; 1 keeps all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keeps tokens with at least this share of the largest probability [arXiv 2407.01082]; 0 keeps all.</summary>
    public float MinP { get; init; }

    /// <summary>
    /// Divides positive and multiplies negative logits of tokens generated before [arXiv 1909.05858]; 1 changes nothing.
    /// The prompt's tokens are not counted: a worker never learns them.
    /// </summary>
    public float RepetitionPenalty { get; init; } = 1;

    public ulong Seed { get; init; }

    /// <summary>Whether a draw depends on the tokens generated before.</summary>
    public bool UsesGenerated => RepetitionPenalty != 1;

    /// <summary>The first value that is outside of its range, as an error to throw; or null.</summary>
    public UserErrorException? FindError() =>
        Check(float.IsFinite(Temperature) && Temperature >= 0, "--temperature", "a number of at least 0", Temperature)
        ?? Check(TopK >= 0, "--top-k", "a whole number of at least 0", TopK)
        ?? Check(TopP is > 0 and <= 1, "--top-p", "a number above 0 and at most 1", TopP)
        ?? Check(MinP is >= 0 and <= 1, "--min-p", "a number from 0 to 1", MinP)
        ?? Check(
            float.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0, "--repetition-penalty", "a number above 0", RepetitionPenalty);

    private static UserErrorException? Check(bool holds, string option, string expected, object found) => holds
        ? null
        : new UserErrorException(UserErrorKind.Options, option, expected, $"{found}", "Correct the value or leave the option out.");
}
