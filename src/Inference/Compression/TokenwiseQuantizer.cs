using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression;

/// <summary>
/// TAB-Q [2511.04002, Algorithm 1]: quantizes a token's magnitudes at Q̄ bits, then at one bit less as long as
/// δ = mean |⌊T̂₀ / 2^(Q̄−Q)⌋ − T̂| ≤ Δ. The result is the last bit-width that kept Δ (as printed, the algorithm returns the first that broke it).
/// Not safe for concurrent use.
/// </summary>
internal sealed class TokenwiseQuantizer(TabqOptions options)
{
    private byte[] _initial = [];    // [width] T̂₀
    private byte[] _candidate = [];  // [width] T̂

    /// <summary>Quantizes one token.</summary>
    /// <param name="magnitudes">[width] Finite, at least 0, below <see cref="ThresholdSplitter.DenseMagnitudeMax"/>.</param>
    /// <param name="min">The smallest of them.</param>
    /// <param name="max">The largest.</param>
    /// <param name="levels">[width] Receives 0 to Q_max of the result.</param>
    public QuantizationGrid Quantize(ReadOnlySpan<float> magnitudes, float min, float max, Span<byte> levels)
    {
        if (min == max)
        {
            levels.Clear();
            return QuantizationGrid.Constant(max);
        }

        var initial = Buffer(ref _initial, magnitudes.Length);
        var candidate = Buffer(ref _candidate, magnitudes.Length);
        var best = AsymmetricQuantizer.Fit(min, max, options.BitsMax);
        AsymmetricQuantizer.Quantize(magnitudes, best, initial);
        initial.CopyTo(levels);
        for (var bits = options.BitsMax - 1; bits >= options.BitsMin; bits--)
        {
            var reduced = AsymmetricQuantizer.Fit(min, max, bits);
            AsymmetricQuantizer.Quantize(magnitudes, reduced, candidate);
            if (Distortion(initial, candidate, options.BitsMax - bits) > options.DistortionTolerance)
                break;
            best = reduced;
            candidate.CopyTo(levels);
        }

        return best;
    }

    /// <summary>δ of Algorithm 1, line 10, in levels.</summary>
    private static double Distortion(ReadOnlySpan<byte> initial, ReadOnlySpan<byte> reduced, int droppedBits)
    {
        var (sum, i) = (0L, 0);
        for (; i <= initial.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            var expected = Vector256.ShiftRightLogical(Vector256.LoadUnsafe(in initial[i]), droppedBits);
            var found = Vector256.LoadUnsafe(in reduced[i]);
            var (lower, upper) = Vector256.Widen(Vector256.Max(expected, found) - Vector256.Min(expected, found));
            sum += Vector256.Sum(lower + upper);  // 16 lanes of at most 254
        }

        for (; i < initial.Length; i++)
            sum += Math.Abs((initial[i] >> droppedBits) - reduced[i]);
        return sum / (double)initial.Length;
    }

    private static Span<byte> Buffer(ref byte[] buffer, int width)
    {
        if (buffer.Length < width)
            buffer = new byte[width];
        return buffer.AsSpan(0, width);
    }
}
