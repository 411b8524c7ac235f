using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.EndToEnd;

/// <summary>
/// What it costs to move a session's keys and values once: the first half of every window is computed into one cache, which goes through a frame
/// into another, and the second half is predicted from there.
/// </summary>
internal sealed class KvFrameQuality : IDisposable
{
    private const int ShippedTokens = 256;

    private readonly HeldoutText _text = new();
    private readonly ComputeThreads _threads = new(Environment.ProcessorCount);
    private readonly Workspace _workspace;
    private readonly int _windowCount;

    private KvFrameQuality(int windowCount)
    {
        _workspace = new Workspace(_text.Config, HeldoutText.WindowTokens, _threads);
        _windowCount = Math.Min(windowCount, _text.Tokens.Length / HeldoutText.WindowTokens);
    }

    public static void Run(int windowCount)
    {
        using var quality = new KvFrameQuality(windowCount);
        var plain = quality.Measure(options: null, out _);
        Console.WriteLine($"perplexity without a move: {plain.Value:F4} over {plain.TokenCount} tokens");
        Console.WriteLine("codec,grouping,threshold,bits,bytes_per_token,ratio_to_fp16,perplexity,rise_percent");
        foreach (var options in Candidates())
        {
            var measured = quality.Measure(options, out var bytesPerToken);
            var settings = options.Codec == FrameCodec.None ? ",," : $"{options.Grouping},{options.Tabq.Threshold},{options.Tabq.BitsMax}";
            Console.WriteLine($"{options.Codec},{settings},{bytesPerToken:F1},{quality.Float16BytesPerToken / bytesPerToken:F2},{measured.Value:F4},{HeldoutText.Rise(measured, plain):F3}");
        }
    }

    private double Float16BytesPerToken => 2.0 * 2 * _text.Config.LayerCount * _text.Config.KvHeadCount * _text.Config.HeadDim;

    public void Dispose()
    {
        _workspace.Dispose();
        _threads.Dispose();
        _text.Dispose();
    }

    private static IEnumerable<KvFrameOptions> Candidates()
    {
        yield return KvFrameOptions.Lossless;
        foreach (var (bits, threshold) in new[] { (3, 3f), (3, 4f), (4, 3f), (4, 6.5f), (5, 6.5f), (6, 6.5f) })
        {
            foreach (var grouping in Enum.GetValues<KvGrouping>())
                yield return new KvFrameOptions { Grouping = grouping, Tabq = new TabqOptions(Threshold.RelativeToRms(threshold), 0, bits, bits) };
        }
    }

    private Perplexity Measure(KvFrameOptions? options, out double bytesPerToken)
    {
        var encoder = new KvFrameEncoder(options ?? KvFrameOptions.Lossless);
        var (nll, tokenCount, byteCount) = (0.0, 0, 0L);
        for (var window = 0; window < _windowCount; window++)
        {
            var text = _text.Tokens.AsSpan(window * HeldoutText.WindowTokens, HeldoutText.WindowTokens);
            int[] input = [_text.Config.BosTokenId!.Value, .. text[..^1]];
            using var cache = _text.Whole.CreateCache(input.Length);
            _ = Forward(cache, input.AsSpan(0, ShippedTokens), 0);
            using var moved = _text.Whole.CreateCache(input.Length);
            if (options is not null)
                byteCount += Move(encoder, cache, moved);
            var logits = Forward(options is null ? cache : moved, input.AsSpan(ShippedTokens), ShippedTokens);
            for (var i = ShippedTokens; i < text.Length; i++, tokenCount++)
                nll -= Perplexity.LogProbability(logits.AsSpan((i - ShippedTokens) * _text.Config.VocabularySize, _text.Config.VocabularySize), text[i]);
        }

        bytesPerToken = (double)byteCount / (_windowCount * ShippedTokens);
        return new Perplexity(nll, tokenCount);
    }

    private int Move(KvFrameEncoder encoder, KvCache from, KvCache to)
    {
        var frame = encoder.Encode(from, new KvRange(_text.AllLayers, 0, from.TokenCount));
        var status = KvFrameDecoder.Decode(frame.Bytes.Span, to);
        return status == DecodeStatus.Ok ? frame.Bytes.Length : throw new InvalidOperationException($"A frame did not decode: {status}.");
    }

    /// <summary>[n, V]</summary>
    private float[] Forward(KvCache cache, ReadOnlySpan<int> tokens, int position)
    {
        var hidden = new float[tokens.Length * _text.Config.HiddenSize];  // [n, d]
        _text.Whole.Embed(tokens, hidden);
        _text.Whole.Forward([new SequenceRows(cache, position, tokens.Length)], hidden, _workspace);
        var logits = new float[tokens.Length * _text.Config.VocabularySize];
        _text.Whole.Logits(hidden, logits, _workspace);
        return logits;
    }
}
