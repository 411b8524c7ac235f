using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd;

/// <summary>What compression costs in quality and saves in bytes, at every split.</summary>
internal static class QualityBenchmark
{
    private const int WindowTokens = 511;

    public static void Run(TabqOptions tabq)
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        var config = checkpoint.Config;
        var text = File.ReadAllText(Path.Combine(Repository.Quill, "heldout.txt"));
        var tokens = Tokenizer.Load(checkpoint).Encode(text, addSpecialTokens: false, parseSpecialTokens: false);
        var whole = Segment.Load(checkpoint, new LayerRange(0, config.LayerCount));
        var plain = Measure(new SplitModel(whole, whole, transport: null, WindowTokens), tokens, config);
        Console.WriteLine($"perplexity without compression: {plain.Value:F4} over {plain.TokenCount} tokens");
        foreach (var format in new[] { KvFormat.Float32, KvFormat.Float16, KvFormat.Int8, KvFormat.Int4 })
        {
            var stored = Measure(new SplitModel(whole, whole, transport: null, WindowTokens, format), tokens, config);
            Console.WriteLine($"keys and values at {(int)format} bits: perplexity {stored.Value:F4}");
        }

        Console.WriteLine("split,perplexity,rise_percent,bytes_per_token_decode,ratio_decode,bytes_per_token_prefill,ratio_prefill,outliers_per_token,tokens_by_bits");

        var rows = new string[config.LayerCount - 1];
        Parallel.For(1, config.LayerCount, splitLayer =>
        {
            var link = new MeasuredLink(tabq, config.HiddenSize);
            var front = Segment.Load(checkpoint, LayerRange.Front(splitLayer));
            var back = Segment.Load(checkpoint, LayerRange.Back(splitLayer, config.LayerCount));
            var measured = Measure(new SplitModel(front, back, link.Cross, WindowTokens), tokens, config);
            rows[splitLayer - 1] = $"{splitLayer},{measured.Value:F4},{((measured.Value / plain.Value) - 1) * 100:F3},{link}";
        });
        foreach (var row in rows)
            Console.WriteLine(row);
    }

    private static Perplexity Measure(SplitModel model, int[] tokens, ModelConfig config) =>
        Perplexity.Measure(model, tokens, WindowTokens, config.BosTokenId!.Value, config.VocabularySize);

    /// <summary>Codes every token as its own frame, as in decoding, and counts; the same rows as one frame are the prefill's size.</summary>
    private sealed class MeasuredLink(TabqOptions tabq, int width)
    {
        private readonly HiddenStateEncoder _encoder = new(new CompressionOptions(FrameCodec.Tabq, tabq));
        private readonly int[] _tokensByBits = new int[TabqOptions.BitsHighest + 1];
        private long _tokenCount;
        private long _decodeBytes;
        private long _prefillBytes;
        private long _outlierCount;

        public void Cross(Span<float> hidden, int rows)
        {
            _prefillBytes += _encoder.Encode(hidden, rows, width).Statistics.FrameBytes;
            for (var row = 0; row < rows; row++)
            {
                var token = hidden.Slice(row * width, width);
                var frame = _encoder.Encode(token, 1, width);
                var status = FrameDecoder.Decode(frame.Bytes.Span, token, out _);
                if (status != DecodeStatus.Ok)
                    throw new InvalidOperationException($"A frame did not decode: {status}.");
                _decodeBytes += frame.Statistics.FrameBytes;
                _outlierCount += frame.Statistics.OutlierCount;
                for (var bits = 0; bits < _tokensByBits.Length; bits++)
                    _tokensByBits[bits] += frame.Statistics.TokensByBits.Count(bits);
            }

            _tokenCount += rows;
        }

        public override string ToString()
        {
            var raw = 2.0 * width;
            var (decode, prefill) = ((double)_decodeBytes / _tokenCount, (double)_prefillBytes / _tokenCount);
            var histogram = string.Join(' ', _tokensByBits.Select((count, bits) => (count, bits)).Where(entry => entry.count > 0).Select(entry => $"{entry.bits}:{entry.count}"));
            return $"{decode:F1},{raw / decode:F2},{prefill:F1},{raw / prefill:F2},{(double)_outlierCount / _tokenCount:F2},{histogram}";
        }
    }
}
