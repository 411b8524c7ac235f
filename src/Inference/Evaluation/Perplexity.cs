namespace SplitActors.Inference.Evaluation;

/// <summary>How well a model predicts a text: <c>exp(nll / count)</c>, nll in nats summed over all predicted tokens.</summary>
public readonly record struct Perplexity(double NegativeLogLikelihood, int TokenCount)
{
    public double Value => Math.Exp(NegativeLogLikelihood / TokenCount);

    /// <summary>Rows whose logits are there at once: a large vocabulary takes half a MiB for each.</summary>
    private const int LogitRowsMax = 64;

    /// <summary>Predicts a text in the windows of <see cref="TextWindows"/>.</summary>
    /// <param name="model">Runs on at most <paramref name="windowTokens"/> tokens at once.</param>
    /// <param name="text">Token ids without begin-of-text.</param>
    /// <param name="windowTokens">Tokens that are predicted from one context.</param>
    /// <param name="beginOfText">Id of the begin-of-text token; null if the model has none: then nothing predicts the first token.</param>
    /// <param name="vocabularySize">Width of the logits.</param>
    /// <param name="progress">Told the number of predicted tokens after each window.</param>
    /// <exception cref="ArgumentException">The text has no token to predict.</exception>
    public static Perplexity Measure(
        SplitModel model, ReadOnlySpan<int> text, int windowTokens, int? beginOfText, int vocabularySize, IProgress<int>? progress = null)
    {
        var (nll, count) = (0.0, 0);
        foreach (var window in OfWindows(model, new TextWindows(text.ToArray(), windowTokens, beginOfText), vocabularySize))
        {
            (nll, count) = (nll + window.NegativeLogLikelihood, count + window.TokenCount);
            progress?.Report(count);
        }

        if (count == 0)
            throw new ArgumentException("A text without tokens to predict has no perplexity.", nameof(text));
        return new Perplexity(nll, count);
    }

    /// <summary>Of each window by itself, which has no less than one predicted token.</summary>
    /// <param name="model">Runs on at most a window.</param>
    /// <param name="windows">The text.</param>
    /// <param name="vocabularySize">Width of the logits.</param>
    internal static IEnumerable<Perplexity> OfWindows(SplitModel model, TextWindows windows, int vocabularySize)
    {
        var logits = new float[LogitRowsMax * vocabularySize];
        for (var start = 0; windows.TryRead(start, out var input, out var targets);)
        {
            var window = Of(model, input, targets, logits);
            start += window.TokenCount;
            yield return window;
        }
    }

    private static Perplexity Of(SplitModel model, ReadOnlySpan<int> input, ReadOnlySpan<int> targets, Span<float> logits)
    {
        var hidden = model.Forward(input);                                                                          // [n, d]
        var (width, vocabularySize, nll) = (hidden.Length / input.Length, logits.Length / LogitRowsMax, 0.0);
        for (var row = 0; row < targets.Length; row += LogitRowsMax)
        {
            var count = Math.Min(LogitRowsMax, targets.Length - row);
            model.Logits(hidden.Slice(row * width, count * width), logits[..(count * vocabularySize)]);             // [count, V]
            for (var i = 0; i < count; i++)
                nll -= LogProbability(logits.Slice(i * vocabularySize, vocabularySize), targets[row + i]);
        }

        return new Perplexity(nll, targets.Length);
    }

    /// <summary><c>ln softmax(logits)[token]</c>, in double precision.</summary>
    public static double LogProbability(ReadOnlySpan<float> logits, int token)
    {
        var max = float.NegativeInfinity;
        foreach (var logit in logits)
            max = MathF.Max(max, logit);
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - max);
        return logits[token] - max - Math.Log(sum);
    }
}
