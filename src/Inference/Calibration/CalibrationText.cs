using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// A text that a model is calibrated on, in two parts: the first four fifths for statistics, the rest, which is held back, for quality. How
/// much of it is needed follows from what is estimated: a standard error from its number of clusters, a covariance from the number of its
/// columns (docs/calibration.md).
/// </summary>
internal sealed class CalibrationText
{
    /// <summary>
    /// Fewest windows of a part: each is one cluster of the standard errors, and of eight the error is itself known within a quarter.
    /// </summary>
    public const int WindowCountMin = 8;

    /// <summary>Fewest tokens of a window: those of a frame.</summary>
    public const int WindowTokensMin = 64;

    /// <summary>Fewest tokens of any text.</summary>
    public const int TokenCountMin = PartCount * WindowCountMin * WindowTokensMin;

    private const int WindowTokensMax = 1024;
    private const int PartCount = 5;               // one of them is held back
    private const int TokensPerColumnMin = 2;      // below, a sample's covariance says little of its smaller half, whatever it is shrunk by
    private const int TokensPerColumnDefault = 16; // eigenvalues of a sample of white noise lie within (1 ± 1/4)² [Marchenko, Pastur 1967]
    private const int TokenCountDefault = 100_000;

    private CalibrationText(ReadOnlyMemory<int> statistics, ReadOnlyMemory<int> quality, int contextLength)
    {
        (Statistics, Quality) = (statistics, quality);
        StatisticsWindowTokens = WindowTokens(statistics.Length, contextLength);
        QualityWindowTokens = WindowTokens(quality.Length, contextLength);
    }

    public ReadOnlyMemory<int> Statistics { get; }

    public ReadOnlyMemory<int> Quality { get; }

    public int StatisticsWindowTokens { get; }

    public int QualityWindowTokens { get; }

    /// <summary>Fewest tokens of a text for a model whose hidden states have <paramref name="width"/> columns.</summary>
    /// <param name="width">d</param>
    /// <param name="withCovariance">Whether eigenvectors or predictions are wanted, not deviations of columns alone.</param>
    public static int TokensMin(int width, bool withCovariance) =>
        Math.Max(TokenCountMin, withCovariance ? OfStatistics(TokensPerColumnMin * width) : 0);

    /// <summary>Most tokens that are used where the user does not say: <inheritdoc cref="TokensMin" path="/summary"/></summary>
    /// <inheritdoc cref="TokensMin" path="/param"/>
    public static int TokensDefault(int width, bool withCovariance) =>
        Math.Max(TokenCountDefault, withCovariance ? OfStatistics(TokensPerColumnDefault * width) : 0);

    /// <param name="tokens">The whole text.</param>
    /// <param name="place">Of the text, for messages.</param>
    /// <param name="config">Of the model.</param>
    /// <param name="options">What to calibrate.</param>
    /// <exception cref="UserErrorException">The text, or what the options use of it, is too short for the model.</exception>
    public static CalibrationText Of(ReadOnlyMemory<int> tokens, string place, ModelConfig config, CalibrationOptions options)
    {
        var withCovariance = options.WithKarhunenLoeve || options.WithPrediction;
        var min = TokensMin(config.HiddenSize, withCovariance);
        var isWide = min > TokenCountMin;
        var expected = isWide
            ? $"at least {min} tokens for eigenvectors of {config.HiddenSize} columns, {TokensPerColumnMin} for each in the four fifths that give statistics"
            : $"at least {min} tokens";
        var without = isWide ? ", or leave out --klt and --prediction" : "";
        if (options.TokenCountMax < min)
            throw new UserErrorException(UserErrorKind.Options, "--tokens", expected, $"{options.TokenCountMax}", $"Use more tokens{without}.");
        if (tokens.Length < min)
            throw new UserErrorException(UserErrorKind.Prompt, place, $"a text of {expected}", $"{tokens.Length} tokens", $"Give a longer text{without}.");
        var used = tokens[..Math.Min(tokens.Length, options.TokenCountMax ?? TokensDefault(config.HiddenSize, withCovariance))];
        var held = used.Length / PartCount;
        return new CalibrationText(used[..^held], used[^held..], config.ContextLength);
    }

    /// <summary>Tokens of a text whose part for statistics has so many.</summary>
    private static int OfStatistics(int tokens) => ((tokens * PartCount) + PartCount - 2) / (PartCount - 1);

    private static int WindowTokens(int tokens, int contextLength) =>
        Math.Min(Math.Min(contextLength - 1, WindowTokensMax), Math.Max(tokens / WindowCountMin, WindowTokensMin));
}
