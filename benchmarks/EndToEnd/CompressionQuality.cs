using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Models;

namespace SplitActors.EndToEnd;

/// <summary>What compression costs in quality and saves in bytes, at every split.</summary>
internal static class CompressionQuality
{
    public static void Run(TabqOptions tabq)
    {
        using var text = new HeldoutText();
        var (checkpoint, layerCount) = (text.Checkpoint, text.Config.LayerCount);
        using var whole = new SplitModel(text.Whole, text.Whole, transport: null, HeldoutText.WindowTokens);
        var plain = text.Measure(whole);
        Console.WriteLine($"perplexity without compression: {plain.Value:F4} over {plain.TokenCount} tokens");
        Console.WriteLine("split,perplexity,rise_percent,bytes_per_token_decode,ratio_decode,bytes_per_token_prefill,ratio_prefill,outliers_per_token,tokens_by_bits");

        var rows = new string[layerCount - 1];
        Parallel.For(1, layerCount, splitLayer =>
        {
            var link = new MeasuredLink(tabq, text.Config.HiddenSize);
            var front = Segment.Load(checkpoint, LayerRange.Front(splitLayer));
            var back = Segment.Load(checkpoint, LayerRange.Back(splitLayer, layerCount));
            using var model = new SplitModel(front, back, link.Cross, HeldoutText.WindowTokens);
            var measured = text.Measure(model);
            rows[splitLayer - 1] = $"{splitLayer},{measured.Value:F4},{HeldoutText.Rise(measured, plain):F3},{link}";
        });
        foreach (var row in rows)
            Console.WriteLine(row);
    }

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
