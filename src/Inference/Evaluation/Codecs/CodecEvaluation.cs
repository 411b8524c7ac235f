using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>
/// Measures codecs at the splits of a model over a text. Of each window the layers up to the last split run once; then every codec runs the layers behind
/// its split on what came out of it. Log-likelihoods are compared token by token, so that what the text itself varies by cancels.
/// </summary>
public sealed class CodecEvaluation : IDisposable
{
    /// <summary>Most tokens of a window, less in models with a shorter context.</summary>
    public const int WindowTokensMax = 511;

    private const double HeadLayers = 0.5; // about what head and logits cost, in layers: for the progress alone

    private readonly LayerChain _model;
    private readonly SplitPass _pass;
    private readonly int[] _splitLayers;
    private readonly CodecTally[] _tallies;
    private readonly int _windowTokens;
    private readonly WindowPredictions _plain;
    private readonly WindowPredictions _coded;
    private readonly float[][] _states; // [splits][n, d]
    private readonly float[] _hidden;   // [n, d]

    /// <param name="checkpoint">Stays open as long as this is used.</param>
    /// <param name="splitLayers">1 to L − 1, at least one.</param>
    /// <param name="codecs">Measured at each split, in this order.</param>
    /// <param name="clock">Takes the codecs' times.</param>
    /// <param name="threads">Compute the layers; a codec runs on one.</param>
    /// <param name="progress">Told of each layer that is loaded.</param>
    /// <param name="windowTokensMax">Most tokens that go in at once, which are one cluster of the standard errors.</param>
    public CodecEvaluation(
        Checkpoint checkpoint, IEnumerable<int> splitLayers, IReadOnlyList<CodecChoice> codecs, TimeProvider clock, ComputeThreads threads,
        IProgress<LoadProgress>? progress = null, int windowTokensMax = WindowTokensMax)
    {
        _splitLayers = [.. splitLayers.Distinct().Order()];
        if (_splitLayers.Length == 0 || _splitLayers[0] < 1 || _splitLayers[^1] >= checkpoint.Config.LayerCount)
            throw new ArgumentException($"Splits of {checkpoint.Config.LayerCount} layers; found {string.Join(", ", _splitLayers)}.", nameof(splitLayers));
        var width = checkpoint.Config.HiddenSize;
        _windowTokens = Math.Min(windowTokensMax, checkpoint.Config.ContextLength);
        _model = new LayerChain(checkpoint, _windowTokens, threads, progress);
        _pass = new SplitPass(_model, _splitLayers, _windowTokens);
        _tallies = [.. _splitLayers.SelectMany(split => codecs.Select(codec => new CodecTally(new CodecPlace(split, _model.Embed), codec, width, clock)))];
        (_plain, _coded) = (new WindowPredictions(_windowTokens), new WindowPredictions(_windowTokens));
        _states = [.. _splitLayers.Select(_ => new float[_windowTokens * width])];
        _hidden = new float[_windowTokens * width];
    }

    public void Dispose() => _model.Dispose();

    /// <summary>Measures over a text.</summary>
    /// <param name="text">Token ids without begin-of-text.</param>
    /// <param name="progress">Told after each codec; may end the measurement by an exception.</param>
    /// <returns>The perplexity without compression, and a measurement of each codec at each split, by split and then as the codecs were given.</returns>
    /// <exception cref="ArgumentException">The text holds no token to predict.</exception>
    public (Perplexity Uncompressed, IReadOnlyList<CodecMeasurement> Measurements) Run(ReadOnlyMemory<int> text, IProgress<EvaluationProgress>? progress = null)
    {
        var windows = new TextWindows(text, _windowTokens, _model.Config.BosTokenId);
        var tokenCount = windows.TokenCount;
        if (tokenCount == 0)
            throw new ArgumentException("A text without tokens to predict.", nameof(text));
        var (nll, tokensDone) = (0.0, 0);
        for (; windows.TryRead(tokensDone, out var input, out var targets); tokensDone += targets.Length)
        {
            RunPlain(input, targets);
            foreach (var logProbability in _plain.LogProbabilities[..targets.Length])
                nll -= logProbability;
            var (done, count) = (tokensDone, targets.Length);
            RunCoded(input, targets, share => progress?.Report(new EvaluationProgress((done + (share * count)) / tokenCount, done, tokenCount)));
        }

        progress?.Report(new EvaluationProgress(1, tokenCount, tokenCount));
        return (new Perplexity(nll, tokenCount), [.. _tallies.Select(tally => tally.Result)]);
    }

    /// <summary>The whole model, keeping the hidden state at each split.</summary>
    private void RunPlain(ReadOnlySpan<int> input, ReadOnlySpan<int> targets)
    {
        _pass.Run(input, (split, hidden, _) => hidden.CopyTo(_states[split]));
        _pass.Finish(targets, _plain);
    }

    private void RunCoded(ReadOnlySpan<int> input, ReadOnlySpan<int> targets, Action<double> report)
    {
        var hidden = _hidden.AsSpan(0, input.Length * _model.Config.HiddenSize);
        var (cost, costDone) = (_tallies.Sum(Cost), 0.0);
        foreach (var tally in _tallies)
        {
            report(costDone / cost);
            _states[Array.IndexOf(_splitLayers, tally.SplitLayer)].AsSpan(0, hidden.Length).CopyTo(hidden);
            tally.Cross(hidden, input);
            _model.Forward(new LayerRange(tally.SplitLayer, _model.Config.LayerCount), hidden);
            _model.Predict(hidden, targets, _coded);
            tally.Add(_plain, _coded, targets.Length);
            costDone += Cost(tally);
        }
    }

    private double Cost(CodecTally tally) => _model.Config.LayerCount - tally.SplitLayer + HeadLayers;
}
