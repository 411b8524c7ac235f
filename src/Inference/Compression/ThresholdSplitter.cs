namespace SplitActors.Inference.Compression;

/// <summary>
/// Threshold splitting [2511.04002, eq. 4]: |x| ≥ τ leaves the dense part, which holds 0 there.
/// NaN, ±∞ and magnitudes from <see cref="DenseMagnitudeMax"/> on always leave it: no quantization grid can hold them.
/// </summary>
internal static class ThresholdSplitter
{
    /// <summary>2^126: the largest dense magnitude plus one quantization step must still be finite.</summary>
    public const float DenseMagnitudeMax = 8.507059e37f;

    /// <summary>Lanes of the sum of squares; part of the format's definition of RMS, so that every CPU sums in the same order.</summary>
    private const int Lanes = 8;

    /// <summary>τ as a magnitude for one token.</summary>
    /// <returns>The absolute threshold, or float32(factor · RMS) with the RMS over the finite values.</returns>
    public static float MagnitudeFor(Threshold threshold, ReadOnlySpan<float> row) =>
        threshold.IsRelative ? (float)(threshold.Value * RootMeanSquare(row)) : threshold.Value;

    /// <summary>Splits one token.</summary>
    /// <param name="row">[width]</param>
    /// <param name="threshold">τ, a magnitude.</param>
    /// <param name="magnitudes">[width] |x| of the dense part, 0 where the value left.</param>
    /// <param name="columns">[width] Receives the ascending columns of the values that left.</param>
    /// <returns>How many values left.</returns>
    public static int Split(ReadOnlySpan<float> row, float threshold, Span<float> magnitudes, Span<int> columns)
    {
        var count = 0;
        for (var column = 0; column < row.Length; column++)
        {
            var magnitude = MathF.Abs(row[column]);
            var isDense = (magnitude < threshold && magnitude < DenseMagnitudeMax) || magnitude == 0;  // false for NaN
            magnitudes[column] = isDense ? magnitude : 0;
            if (!isDense)
                columns[count++] = column;
        }

        return count;
    }

    /// <summary>
    /// √(Σx²/n) over the finite values, in double: value i is added to lane i mod 8, then the lanes are added in order.
    /// </summary>
    public static double RootMeanSquare(ReadOnlySpan<float> row)
    {
        Span<double> lanes = stackalloc double[Lanes];
        lanes.Clear();
        var count = 0;
        for (var column = 0; column < row.Length; column++)
        {
            double value = row[column];
            if (!double.IsFinite(value))
                continue;
            lanes[column % Lanes] += value * value;
            count++;
        }

        var sum = 0.0;
        foreach (var lane in lanes)
            sum += lane;
        return count == 0 ? 0 : Math.Sqrt(sum / count);
    }
}
