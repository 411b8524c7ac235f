using System.Globalization;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.EndToEnd;

/// <summary>What the settings of the embedded model's calibration cost and save on the held-out text, in frames of 64 tokens, at every split.</summary>
internal static class CalibrationQuality
{
    private const int FrameTokens = 64;

    public static void Run(QualityTarget quality)
    {
        using var text = new HeldoutText();
        var calibration = ModelCalibration.TryOpen(text.Checkpoint) ?? throw new InvalidOperationException("The embedded model has no calibration.");
        Console.WriteLine("split,codec,setting,expected_rise_percent,rise_percent,standard_error_percent,bytes_per_token,ratio");
        var rows = new List<(string Codec, double Rise, double Ratio)>();
        foreach (var split in calibration.Splits)
        {
            using var link = new Link(text, split);
            foreach (var step in split.Steps.Where(step => step.Quality == quality))
            {
                var transform = step.RateDistortion.Transform;
                Report($"rd {transform}", $"{step.RateDistortion.RelativeStep:F3}rms", step.RisePercent, link.Measure(split.RateDistortionFor(quality, transform)));
            }

            var tabq = split.Tabq.Single(setting => setting.Quality == quality);
            Report("tabq", $"{tabq.Tabq.Threshold}:{tabq.Tabq.BitsMin}-{tabq.Tabq.BitsMax}", tabq.RisePercent, link.Measure(split.TabqFor(quality)));

            void Report(string codec, string setting, double expected, (double Rise, double Error, double Bytes) cost)
            {
                var ratio = 2.0 * split.Width / cost.Bytes;
                rows.Add((codec, cost.Rise, ratio));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{split.SplitLayer},{codec},{setting},{expected:F2},{cost.Rise:F3},{cost.Error:F3},{cost.Bytes:F1},{ratio:F2}"));
            }
        }

        foreach (var codec in rows.GroupBy(row => row.Codec, StringComparer.Ordinal))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mean,{codec.Key},,,{codec.Average(row => row.Rise):F3},,,{codec.Average(row => row.Ratio):F2}"));
    }

    /// <summary>The held-out text up to a split, run once, and from there for every setting.</summary>
    private sealed class Link : IDisposable
    {
        private readonly HeldoutText _text;
        private readonly SplitCalibration _split;
        private readonly Segment _back;
        private readonly ComputeThreads _threads = new(Environment.ProcessorCount);
        private readonly Workspace _workspace;
        private readonly float[] _hidden;      // [n, d]
        private readonly float[] _embeddings;  // [n, d]
        private readonly double[] _plain;      // [n] nll without compression

        public Link(HeldoutText text, SplitCalibration split)
        {
            (_text, _split) = (text, split);
            _workspace = new Workspace(text.Config, HeldoutText.WindowTokens, _threads);
            var front = Segment.Load(text.Checkpoint, LayerRange.Front(split.SplitLayer));
            _back = Segment.Load(text.Checkpoint, LayerRange.Back(split.SplitLayer, text.Config.LayerCount));
            _embeddings = new float[text.Tokens.Length * split.Width];
            ForEachWindow((start, count) =>
            {
                int[] input = [text.Config.BosTokenId!.Value, .. text.Tokens.AsSpan(start, count - 1)];
                front.Embed(input, Rows(_embeddings, start, count));
            });
            _hidden = [.. _embeddings];
            ForEachWindow((start, count) => Forward(front, Rows(_hidden, start, count)));
            _plain = NegativeLogLikelihoods(_hidden);
        }

        public (double Rise, double Error, double Bytes) Measure(CompressionOptions options)
        {
            var encoder = new HiddenStateEncoder(options, _split);
            float[] arrived = [.. _hidden];
            var frameBytes = 0L;
            ForEachWindow((windowStart, windowTokens) =>
            {
                for (var offset = 0; offset < windowTokens; offset += FrameTokens)
                {
                    var (start, count) = (windowStart + offset, Math.Min(FrameTokens, windowTokens - offset));
                    var embeddings = Rows(_embeddings, start, count);
                    var frame = encoder.Encode(Rows(arrived, start, count), count, _split.Width, embeddings).Bytes.Span;
                    frameBytes += frame.Length;
                    var status = FrameDecoder.Decode(frame, Rows(arrived, start, count), out _, _split, embeddings);
                    if (status != DecodeStatus.Ok)
                        throw new InvalidOperationException($"A frame did not decode: {status}.");
                }
            });
            var differences = NegativeLogLikelihoods(arrived).Zip(_plain, (coded, plain) => coded - plain).ToArray();
            var mean = differences.Average();
            var variance = differences.Average(difference => Math.Pow(difference - mean, 2));
            return ((Math.Exp(mean) - 1) * 100, Math.Sqrt(variance / differences.Length) * 100, (double)frameBytes / differences.Length);
        }

        public void Dispose()
        {
            _workspace.Dispose();
            _threads.Dispose();
        }

        private double[] NegativeLogLikelihoods(float[] hidden)
        {
            var vocabularySize = _text.Config.VocabularySize;
            var nll = new double[_text.Tokens.Length];
            var logits = new float[HeldoutText.WindowTokens * vocabularySize];
            var rows = new float[HeldoutText.WindowTokens * _split.Width];
            ForEachWindow((start, count) =>
            {
                var window = rows.AsSpan(0, count * _split.Width);
                Rows(hidden, start, count).CopyTo(window);
                Forward(_back, window);
                _back.Logits(window, logits.AsSpan(0, count * vocabularySize), _workspace);
                for (var i = 0; i < count; i++)
                    nll[start + i] = -Perplexity.LogProbability(logits.AsSpan(i * vocabularySize, vocabularySize), _text.Tokens[start + i]);
            });
            return nll;
        }

        private void Forward(Segment segment, Span<float> hidden)
        {
            var count = hidden.Length / _split.Width;
            using var cache = segment.CreateCache(count, KvFormat.Float16);
            segment.Forward([new SequenceRows(cache, 0, count)], hidden, _workspace);
        }

        private void ForEachWindow(Action<int, int> run)
        {
            for (var start = 0; start < _text.Tokens.Length; start += HeldoutText.WindowTokens)
                run(start, Math.Min(HeldoutText.WindowTokens, _text.Tokens.Length - start));
        }

        private Span<float> Rows(float[] values, int start, int count) => values.AsSpan(start * _split.Width, count * _split.Width);
    }
}
