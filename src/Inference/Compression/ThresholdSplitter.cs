using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression;

/// <summary>What threshold splitting left in the dense part of one token.</summary>
/// <param name="OutlierCount">Values that left.</param>
/// <param name="Min">Smallest magnitude of the dense part, which holds 0 for values that left.</param>
/// <param name="Max">Largest magnitude of the dense part.</param>
internal readonly record struct SplitResult(int OutlierCount, float Min, float Max);

/// <summary>
/// Threshold splitting [2511.04002, eq. 4]: |x| ≥ τ leaves the dense part, which holds 0 there.
/// NaN, ±∞ and magnitudes from <see cref="DenseMagnitudeMax"/> on always leave it: no quantization grid can hold them.
/// </summary>
internal static class ThresholdSplitter
{
    /// <summary>2^126: the largest dense magnitude plus one quantization step must still be finite.</summary>
    public const float DenseMagnitudeMax = 8.507059e37f;

    /// <summary>Lanes of the sum of squares; part of the format's definition of RMS, so that every CPU sums in the same order.</summary>
    private const int SumLanes = 8;

    /// <summary>τ as a magnitude for one token: absolute, float32(factor · RMS) with the RMS over the finite values, or a quantile.</summary>
    public static float MagnitudeFor(Threshold threshold, ReadOnlySpan<float> row) => threshold.Unit switch
    {
        ThresholdUnit.Rms => (float)(threshold.Value * RootMeanSquare(row)),
        ThresholdUnit.Quantile => MagnitudeQuantile.ThresholdFor(row, threshold.Value),
        _ => threshold.Value,
    };

    /// <summary>Splits one token.</summary>
    /// <param name="row">[width]</param>
    /// <param name="threshold">τ, a magnitude.</param>
    /// <param name="magnitudes">[width] |x| of the dense part, 0 where the value left.</param>
    /// <param name="columns">[width] Receives the ascending columns of the values that left.</param>
    public static SplitResult Split(ReadOnlySpan<float> row, float threshold, Span<float> magnitudes, Span<int> columns)
    {
        magnitudes = magnitudes[..row.Length];
        var limit = MathF.Min(threshold, DenseMagnitudeMax);
        var (count, column) = (0, 0);
        var (min, max) = (Vector512.Create(float.PositiveInfinity), Vector512<float>.Zero);
        for (; column <= row.Length - Vector512<float>.Count; column += Vector512<float>.Count)
        {
            var all = Vector512.Abs(Vector512.LoadUnsafe(in row[column]));
            var isDense = Vector512.LessThan(all, Vector512.Create(limit)) | Vector512.Equals(all, Vector512<float>.Zero);  // false for NaN
            var dense = all & isDense;
            dense.StoreUnsafe(ref magnitudes[column]);
            (min, max) = (Vector512.MinNative(min, dense), Vector512.MaxNative(max, dense));
            for (var leaving = ~(uint)isDense.ExtractMostSignificantBits() & 0xFFFF; leaving != 0; leaving &= leaving - 1)
                columns[count++] = column + BitOperations.TrailingZeroCount(leaving);
        }

        var (least, most) = (float.PositiveInfinity, 0f);
        for (; column < row.Length; column++)
        {
            var magnitude = MathF.Abs(row[column]);
            var isDense = magnitude < limit || magnitude == 0;
            magnitudes[column] = isDense ? magnitude : 0;
            (least, most) = (MathF.Min(least, magnitudes[column]), MathF.Max(most, magnitudes[column]));
            if (!isDense)
                columns[count++] = column;
        }

        for (var lane = 0; lane < Vector512<float>.Count; lane++)
            (least, most) = (MathF.Min(least, min[lane]), MathF.Max(most, max[lane]));
        return new SplitResult(count, least, most);
    }

    /// <summary>
    /// √(Σx²/n) over the finite values, in double: value i is added to lane i mod 8, then the lanes are added in order. Squares of float32 are
    /// exact in double.
    /// </summary>
    public static double RootMeanSquare(ReadOnlySpan<float> row)
    {
        var lanes = Vector512<double>.Zero;
        var count = 0;
        for (; row.Length >= SumLanes; row = row[SumLanes..])
        {
            var values = Vector256.LoadUnsafe(in MemoryMarshal.GetReference(row));
            var isFinite = Vector256.LessThan(Vector256.Abs(values), Vector256.Create(float.PositiveInfinity));
            var (lower, upper) = Vector256.Widen(values & isFinite);
            var finite = Vector512.Create(lower, upper);
            lanes += finite * finite;
            count += BitOperations.PopCount(isFinite.ExtractMostSignificantBits());
        }

        Span<double> sums = stackalloc double[SumLanes];
        lanes.CopyTo(sums);
        for (var lane = 0; lane < row.Length; lane++)
        {
            double value = row[lane];
            if (!double.IsFinite(value))
                continue;
            sums[lane] += value * value;
            count++;
        }

        var sum = 0.0;
        foreach (var lane in sums)
            sum += lane;
        return count == 0 ? 0 : Math.Sqrt(sum / count);
    }
}
