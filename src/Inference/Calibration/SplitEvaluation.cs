using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Calibration;

/// <summary>What a setting cost at a split: rise of perplexity with its standard error (paired by token), and bytes in frames of 64 tokens.</summary>
internal readonly record struct SettingCost(double RisePercent, double StandardErrorPercent, double BytesPerToken);

/// <summary>
/// The two parts of a model around one split and a text: gives the hidden states at the split, and tells what coding them costs. The front
/// runs once, the back for every setting.
/// </summary>
internal sealed class SplitEvaluation : IDisposable
{
    private const int FrameTokens = 64;

    private readonly Segment _front;
    private readonly Segment _back;
    private readonly Workspace _workspace;
    private readonly ModelConfig _config;
    private readonly int _windowTokens;
    private readonly List<Window> _windows = [];
    private readonly float[] _logits;  // [window, V]
    private readonly float[] _hidden;  // [window, d]
    private double[]? _plain;          // nll of every predicted token without compression

    public SplitEvaluation(Checkpoint checkpoint, int splitLayer, int windowTokens, ComputeThreads threads)
    {
        _config = checkpoint.Config;
        _windowTokens = windowTokens;
        _front = Segment.Load(checkpoint, LayerRange.Front(splitLayer));
        _back = Segment.Load(checkpoint, LayerRange.Back(splitLayer, _config.LayerCount));
        _workspace = new Workspace(_config, windowTokens, threads);
        _logits = new float[windowTokens * _config.VocabularySize];
        _hidden = new float[windowTokens * _config.HiddenSize];
    }

    private int Width => _config.HiddenSize;

    public void Dispose() => _workspace.Dispose();

    /// <summary>Adds the hidden states of a text to the moments, window by window.</summary>
    /// <param name="text">Token ids.</param>
    /// <param name="moments">Receives all positions.</param>
    /// <param name="done">Called after each window.</param>
    public void Accumulate(ReadOnlySpan<int> text, WeightedMoments moments, Action done)
    {
        for (; !text.IsEmpty; text = text[Math.Min(_windowTokens, text.Length)..])
        {
            var window = Run(text[..Math.Min(_windowTokens, text.Length)]);
            moments.Add(window.Hidden, window.Embeddings);
            done();
        }
    }

    /// <summary>Keeps the hidden states of the text on which <see cref="Measure"/> measures.</summary>
    public void Keep(ReadOnlySpan<int> text)
    {
        for (; !text.IsEmpty; text = text[Math.Min(_windowTokens, text.Length)..])
            _windows.Add(Run(text[..Math.Min(_windowTokens, text.Length)]));
    }

    /// <summary>Codes all hidden states that were kept as frames, decodes them, and runs the back on what arrived.</summary>
    public SettingCost Measure(CompressionOptions options, SplitCalibration? calibration)
    {
        _plain ??= NegativeLogLikelihoods(codec: null, out _);
        var coded = NegativeLogLikelihoods(new HiddenStateEncoder(options, calibration), out var frameBytes, calibration);
        var (sum, squares) = (0.0, 0.0);
        for (var i = 0; i < coded.Length; i++)
        {
            var difference = coded[i] - _plain[i];
            (sum, squares) = (sum + difference, squares + (difference * difference));
        }

        var mean = sum / coded.Length;
        var error = Math.Sqrt(Math.Max((squares / coded.Length) - (mean * mean), 0) / coded.Length);
        return new SettingCost((Math.Exp(mean) - 1) * 100, error * Math.Exp(mean) * 100, (double)frameBytes / coded.Length);
    }

    private double[] NegativeLogLikelihoods(HiddenStateEncoder? codec, out long frameBytes, SplitCalibration? calibration = null)
    {
        var nll = new List<double>();
        frameBytes = 0;
        foreach (var window in _windows)
        {
            var hidden = _hidden.AsSpan(0, window.Hidden.Length);
            window.Hidden.CopyTo(hidden);
            if (codec is not null)
                frameBytes += Cross(codec, calibration, hidden, window.Embeddings);
            var rows = window.Tokens.Length;
            using var cache = _back.CreateCache(rows, KvFormat.Float16);
            _back.Forward([new SequenceRows(cache, 0, rows)], hidden, _workspace);
            _back.Logits(hidden, _logits.AsSpan(0, rows * _config.VocabularySize), _workspace);
            for (var row = 0; row < rows; row++)
                nll.Add(-Perplexity.LogProbability(_logits.AsSpan(row * _config.VocabularySize, _config.VocabularySize), window.Tokens[row]));
        }

        return [.. nll];
    }

    private long Cross(HiddenStateEncoder codec, SplitCalibration? calibration, Span<float> hidden, ReadOnlySpan<float> embeddings)
    {
        var frameBytes = 0L;
        for (; !hidden.IsEmpty; hidden = hidden[Math.Min(FrameTokens * Width, hidden.Length)..])
        {
            var rows = Math.Min(FrameTokens, hidden.Length / Width);
            var values = hidden[..(rows * Width)];
            var inputs = embeddings[..(rows * Width)];
            var frame = codec.Encode(values, rows, Width, inputs).Bytes.Span;
            var status = FrameDecoder.Decode(frame, values, out _, calibration, inputs);
            if (status != DecodeStatus.Ok)
                throw new InvalidOperationException($"A frame did not decode: {status}.");
            frameBytes += frame.Length;
            embeddings = embeddings[(rows * Width)..];
        }

        return frameBytes;
    }

    /// <summary>The hidden states at the split before each token of a window: begin-of-text first.</summary>
    private Window Run(ReadOnlySpan<int> tokens)
    {
        int[] input = [_config.BosTokenId ?? tokens[0], .. tokens[..^1]];
        var embeddings = new float[tokens.Length * Width];
        _front.Embed(input, embeddings);
        var hidden = embeddings.AsSpan().ToArray();
        using var cache = _front.CreateCache(tokens.Length, KvFormat.Float16);
        _front.Forward([new SequenceRows(cache, 0, tokens.Length)], hidden, _workspace);
        return new Window(tokens.ToArray(), hidden, embeddings);
    }

    /// <param name="Tokens">[n] That are predicted.</param>
    /// <param name="Hidden">[n, d] At the split.</param>
    /// <param name="Embeddings">[n, d] Of the tokens before.</param>
    private sealed record Window(int[] Tokens, float[] Hidden, float[] Embeddings);
}
