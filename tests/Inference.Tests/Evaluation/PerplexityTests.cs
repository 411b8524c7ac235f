using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Tests.Models;

namespace SplitActors.Inference.Tests.Evaluation;

public sealed class PerplexityTests
{
    private const double RelativeTolerance = 0.0005;

    private static SplitModel Whole { get; } = new(Quill.Whole, Quill.Whole, transport: null, rowCountMax: 64);

    [Fact]
    public void Measure_HeldoutText_IsTheReferences()
    {
        var golden = Golden.Load().Perplexity;
        var model = new SplitModel(Quill.Whole, Quill.Whole, transport: null, HeldoutText.WindowTokens);
        var perplexity = HeldoutText.Measure(model, HeldoutText.Tokens);
        Assert.Equal(golden.Tokens, perplexity.TokenCount);
        Assert.Equal(golden.Ppl, perplexity.Value, golden.Ppl * RelativeTolerance);
        Assert.Equal(golden.Nll, perplexity.NegativeLogLikelihood, golden.Nll * RelativeTolerance);
    }

    /// <summary>Window by window and token by token: each token is predicted from begin-of-text and the window before it.</summary>
    [Theory]
    [InlineData(30, 10)]
    [InlineData(25, 10)] // a shorter last window
    [InlineData(7, 10)]
    [InlineData(3, 1)]
    public void Measure_Windows_EachStartsAtBeginOfText(int tokenCount, int windowTokens)
    {
        const int BeginOfText = 4094;
        var text = HeldoutText.Tokens[..tokenCount];
        var expected = 0.0;
        foreach (var window in text.Chunk(windowTokens))
        {
            var sequence = new Sequence(Quill.Whole);
            var previous = BeginOfText;
            foreach (var token in window)
            {
                expected -= Perplexity.LogProbability(sequence.Feed(previous), token);
                previous = token;
            }
        }

        var reports = new LastReport();
        var measured = Perplexity.Measure(Whole, text, windowTokens, BeginOfText, Quill.Config.VocabularySize, reports);
        Assert.Equal(tokenCount, measured.TokenCount);
        Assert.Equal(expected, measured.NegativeLogLikelihood, 1e-9);
        Assert.Equal(Math.Exp(expected / tokenCount), measured.Value, 1e-9);
        Assert.Equal(tokenCount, reports.Value);
    }

    /// <summary>A model without begin-of-text has nothing to predict the text's first token from; later windows start at the last token of the one before.</summary>
    [Theory]
    [InlineData(30, 10)]
    [InlineData(150, 100)] // more rows than have their logits at once
    public void Measure_NoBeginOfText_DoesNotPredictTheFirstToken(int tokenCount, int windowTokens)
    {
        var text = HeldoutText.Tokens[..tokenCount];
        var expected = 0.0;
        for (var start = 0; start < text.Length - 1; start += windowTokens)
        {
            using var sequence = new Sequence(Quill.Whole);
            for (var i = start; i < Math.Min(start + windowTokens, text.Length - 1); i++)
                expected -= Perplexity.LogProbability(sequence.Feed(text[i]), text[i + 1]);
        }

        using var whole = new SplitModel(Quill.Whole, Quill.Whole, transport: null, windowTokens);
        var measured = Perplexity.Measure(whole, text, windowTokens, beginOfText: null, Quill.Config.VocabularySize);
        Assert.Equal(tokenCount - 1, measured.TokenCount);
        Assert.Equal(expected, measured.NegativeLogLikelihood, 1e-9);
        Assert.Throws<ArgumentException>(() => Perplexity.Measure(whole, text.AsSpan(0, 1), windowTokens, beginOfText: null, Quill.Config.VocabularySize));
    }

    [Fact]
    public void Measure_EmptyText_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Perplexity.Measure(Whole, [], 10, 4094, Quill.Config.VocabularySize));

    [Fact]
    public void LogProbability_AddsUpToOneAndStandsLargeLogits()
    {
        float[] logits = [1000, 999, -1e30f, 1000];
        Assert.Equal(1, Enumerable.Range(0, 4).Sum(token => Math.Exp(Perplexity.LogProbability(logits, token))), 1e-12);
        Assert.Equal(-Math.Log(2 + Math.Exp(-1)), Perplexity.LogProbability(logits, 3), 1e-12);
        Assert.Equal(-Math.Log(5), Perplexity.LogProbability(new float[5], 2), 1e-12);
    }

    private sealed class LastReport : IProgress<int>
    {
        public int Value { get; private set; }

        public void Report(int value) => Value = value;
    }
}
