using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// The RMS that a token's step follows. Values of 16 times the RMS and more are left out and it is taken again, at most three times: the error that a few
/// such values hide behind would be that of all others. In narrow tokens no value can reach 16 times; 0.95·√width counts there.
/// </summary>
internal static class TokenScale
{
    private const float OutlierRatio = 16;
    private const float NarrowRatio = 0.95f;
    private const int RoundsMax = 3;

    /// <param name="row">[width] Any values; those that are not finite do not count.</param>
    /// <param name="scratch">[width]</param>
    /// <returns>At least 0; 0 only if no value is finite and not zero.</returns>
    public static double Measure(ReadOnlySpan<float> row, Span<float> scratch)
    {
        scratch = scratch[..row.Length];
        var rms = ThresholdSplitter.RootMeanSquare(row);
        var ratio = Math.Min(OutlierRatio, NarrowRatio * Math.Sqrt(row.Length));
        for (var round = 0; round < RoundsMax; round++)
        {
            var limit = (float)Math.Min(rms * ratio, float.MaxValue);
            if (!Exclude(row, limit, scratch))
                break;
            var rest = ThresholdSplitter.RootMeanSquare(scratch);
            if (rest == 0)
                break;
            rms = rest;
        }

        return rms;
    }

    /// <summary>Copies the row with NaN in place of every finite value from the limit on.</summary>
    /// <returns>Whether there is such a value.</returns>
    private static bool Exclude(ReadOnlySpan<float> row, float limit, Span<float> scratch)
    {
        if (!HasFrom(row, limit))
            return false;
        var column = 0;
        for (; column <= row.Length - Vector512<float>.Count; column += Vector512<float>.Count)
        {
            var values = Vector512.LoadUnsafe(in row[column]);
            var isBelow = Vector512.LessThan(Vector512.Abs(values), Vector512.Create(limit));
            Vector512.ConditionalSelect(isBelow, values, Vector512.Create(float.NaN)).StoreUnsafe(ref scratch[column]);
        }

        for (; column < row.Length; column++)
            scratch[column] = MathF.Abs(row[column]) < limit ? row[column] : float.NaN;
        return true;
    }

    private static bool HasFrom(ReadOnlySpan<float> row, float limit)
    {
        var column = 0;
        for (; column <= row.Length - Vector512<float>.Count; column += Vector512<float>.Count)
        {
            var magnitude = Vector512.Abs(Vector512.LoadUnsafe(in row[column]));
            var isFrom = Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(limit)) & Vector512.LessThan(magnitude, Vector512.Create(float.PositiveInfinity));
            if (isFrom.AsInt32() != Vector512<int>.Zero)
                return true;
        }

        foreach (var value in row[column..])
        {
            if (MathF.Abs(value) >= limit && float.IsFinite(value))
                return true;
        }

        return false;
    }
}
