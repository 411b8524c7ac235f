namespace SplitActors.Inference.Evaluation;

/// <summary>How well a model predicts a text: <c>exp(nll / count)</c>, nll in nats summed over all predicted tokens.</summary>
public readonly record struct Perplexity(double NegativeLogLikelihood, int TokenCount)
{
    public double Value => Math.Exp(NegativeLogLikelihood / TokenCount);

    /// <summary>
    /// Cuts the text into windows of <paramref name="windowTokens"/> tokens, puts the begin-of-text token before each, and predicts all of
    /// a window's tokens. The last window may be shorter.
    /// </summary>
    /// <param name="model">Runs on at most <paramref name="windowTokens"/> tokens at once.</param>
    /// <param name="text">Token ids without begin-of-text.</param>
    /// <param name="beginOfText">Id of the begin-of-text token.</param>
    /// <param name="vocabularySize">Width of the logits.</param>
    /// <param name="progress">Told the number of predicted tokens after each window.</param>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    public static Perplexity Measure(
        SplitModel model, ReadOnlySpan<int> text, int windowTokens, int beginOfText, int vocabularySize, IProgress<int>? progress = null)
    {
        if (text.IsEmpty)
            throw new ArgumentException("A text without tokens has no perplexity.", nameof(text));

        var logits = new float[windowTokens * vocabularySize];
        var input = new int[windowTokens];
        input[0] = beginOfText;
        var nll = 0.0;
        for (var start = 0; start < text.Length; start += windowTokens)
        {
            var window = text.Slice(start, Math.Min(windowTokens, text.Length - start));
            window[..^1].CopyTo(input.AsSpan(1));
            model.Run(input.AsSpan(0, window.Length), logits.AsSpan(0, window.Length * vocabularySize));
            for (var i = 0; i < window.Length; i++)
                nll -= LogProbability(logits.AsSpan(i * vocabularySize, vocabularySize), window[i]);
            progress?.Report(start + window.Length);
        }

        return new Perplexity(nll, text.Length);
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
