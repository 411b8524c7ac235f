using SplitActors.Inference.Compression;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Calibration;

/// <summary>Sends hidden states through a codec in frames of 64 tokens, as many at a time as there are threads.</summary>
/// <param name="width">d</param>
/// <param name="threads">Compute.</param>
internal sealed class FrameCrossing(int width, ComputeThreads threads)
{
    public const int FrameTokens = 64;

    private readonly float[][] _sent = // of each thread
        [.. Enumerable.Range(0, threads.ThreadCount).Select(_ => new float[FrameTokens * width])];

    /// <summary>Codes and decodes.</summary>
    /// <param name="options">Codec and settings.</param>
    /// <param name="calibration">Of the split.</param>
    /// <param name="hidden">[n, d], replaced by what the receiver has</param>
    /// <param name="embeddings">[n, d]</param>
    /// <returns>Bytes of all frames, and the squared error of the tokens, each over its own squares, summed.</returns>
    public (long FrameBytes, double Error) Run(
        CompressionOptions options, SplitCalibration calibration, Span<float> hidden, ReadOnlySpan<float> embeddings)
    {
        var frameCount = ((hidden.Length / width) + FrameTokens - 1) / FrameTokens;
        var frames = new Frame[frameCount];
        var work = new Work(options, calibration, width, hidden, embeddings, _sent, frames);
        threads.Run(ref work, frameCount);
        if (Array.FindIndex(frames, frame => frame.Status != DecodeStatus.Ok) is >= 0 and var wrong)
            throw new InvalidOperationException($"A frame did not decode: {frames[wrong].Status}.");
        return (frames.Sum(frame => (long)frame.Bytes), frames.Sum(frame => frame.Error));
    }

    private readonly record struct Frame(DecodeStatus Status, int Bytes, double Error);

    private readonly ref struct Work(
        CompressionOptions options, SplitCalibration calibration, int width, Span<float> hidden, ReadOnlySpan<float> embeddings, float[][] sent,
        Frame[] frames) : IParallelWork
    {
        private readonly Span<float> _hidden = hidden;
        private readonly ReadOnlySpan<float> _embeddings = embeddings;
        private readonly HiddenStateEncoder?[] _encoders = new HiddenStateEncoder?[sent.Length]; // of each thread

        public void Execute(int chunk, int thread)
        {
            var start = chunk * FrameTokens * width;
            var values = _hidden[start..Math.Min(start + (FrameTokens * width), _hidden.Length)];
            var inputs = _embeddings.Slice(start, values.Length);
            values.CopyTo(sent[thread]);
            var encoder = _encoders[thread] ??= new HiddenStateEncoder(options, calibration);
            var frame = encoder.Encode(values, values.Length / width, width, inputs).Bytes.Span;
            var status = FrameDecoder.Decode(frame, values, out _, calibration, inputs);
            frames[chunk] = new Frame(status, frame.Length, RelativeError(sent[thread], values));
        }

        /// <summary>Σ over tokens of |x̃ − x|² ÷ |x|².</summary>
        private double RelativeError(ReadOnlySpan<float> before, ReadOnlySpan<float> after)
        {
            var sum = 0.0;
            for (var row = 0; row < after.Length; row += width)
            {
                var (error, energy) = (0.0, 0.0);
                for (var i = row; i < row + width; i++)
                {
                    var difference = (double)after[i] - before[i];
                    error += difference * difference;
                    energy += (double)before[i] * before[i];
                }

                sum += energy > 0 ? error / energy : 0;
            }

            return sum;
        }
    }
}
