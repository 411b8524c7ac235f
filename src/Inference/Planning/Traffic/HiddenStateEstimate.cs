using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Sampling;

namespace SplitActors.Inference.Planning.Traffic;

/// <summary>
/// What a hidden state takes in a frame where none was measured: made-up states go through the codec. They are normal, with the mean and the deviation of each
/// column by the calibration, or all alike without one. Real ones have heavier tails and neighbouring columns that go together, which a codec without
/// rotation does not use.
/// </summary>
public static class HiddenStateEstimate
{
    private const int RowCount = 16;
    private const double ConstantShare = 1e-3; // below, the mean says nothing of a state's magnitude

    /// <summary>Bytes of a frame of one token, on average.</summary>
    /// <param name="width">d</param>
    /// <param name="options">Codec and settings.</param>
    /// <param name="calibration">Of the split; null for none.</param>
    public static double TokenBytes(int width, CompressionOptions options, SplitCalibration? calibration)
    {
        var encoder = new HiddenStateEncoder(options, calibration);
        return MadeUp(width, calibration).Average(hidden => encoder.Encode(hidden, 1, width).Bytes.Length);
    }

    /// <summary>A few hidden states, [d] each.</summary>
    internal static IEnumerable<float[]> MadeUp(int width, SplitCalibration? calibration)
    {
        var columns = calibration?.Transform(RateDistortionTransform.Columns);
        var (deviations, magnitude) = Spread(columns);
        for (var row = 0; row < RowCount; row++)
        {
            var hidden = new float[width];
            for (var column = 0; column < width; column++)
                hidden[column] = (float)((columns?.Mean[column] ?? 0) + (magnitude * (deviations?[column] ?? 1) * Normal((uint)row, (uint)column)));
            yield return hidden;
        }
    }

    /// <summary>Deviations relative to a token's RMS, and the RMS that goes with them and the mean.</summary>
    private static (double[]? Deviations, double Magnitude) Spread(HiddenStateTransform? columns)
    {
        if (columns is null)
            return (null, 1);
        var deviations = new double[columns.Width];
        for (var column = 0; column < deviations.Length; column++)
            deviations[column] = StepGrid.Value(columns.Offsets.Values[column]);
        var constant = 1 - (deviations.Sum(deviation => deviation * deviation) / deviations.Length); // the mean's share of a token's squares
        var meanSquare = columns.Mean.Sum(mean => (double)mean * mean) / columns.Width;
        return (deviations, constant > ConstantShare && meanSquare > 0 ? Math.Sqrt(meanSquare / constant) : 1);
    }

    /// <summary>Box–Muller.</summary>
    private static double Normal(uint row, uint column)
    {
        var (x0, x1, _, _) = Philox.Block(column, row, 0, 0, 0, 0);
        return Math.Sqrt(-2 * Math.Log((x0 + 1.0) / (1L << 32))) * Math.Cos(2 * Math.PI * x1 / (1L << 32));
    }
}
