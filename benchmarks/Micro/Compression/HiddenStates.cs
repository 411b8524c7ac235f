using SplitActors.Inference.Calibration;
using SplitActors.Inference.Sampling;

namespace SplitActors.Micro.Compression;

/// <summary>Values that are distributed like hidden states.</summary>
internal static class HiddenStates
{
    /// <summary>d of a 7B model.</summary>
    public const int Width = 4096;

    /// <summary>[tokens, d] Standard normal, and one value in 1,000 ten times as large.</summary>
    public static float[] Normal(int tokens)
    {
        var values = new float[tokens * Width];
        for (var i = 0; i < values.Length; i++)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1 - Philox.Uniform(1, 2 * i)));
            var value = radius * Math.Cos(2 * Math.PI * Philox.Uniform(1, (2 * i) + 1));
            values[i] = (float)(i % 1000 == 0 ? 10 * value : value);
        }

        return values;
    }

    /// <summary>[tokens, d] The same with a mean and a standard deviation of each column, which <see cref="ColumnStatistics"/> knows.</summary>
    public static float[] OfUnlikeColumns(int tokens)
    {
        var values = Normal(tokens);
        for (var i = 0; i < values.Length; i++)
            values[i] = (values[i] * Deviation(i % Width)) + Mean(i % Width);
        return values;
    }

    public static SplitCalibration ColumnStatistics()
    {
        var columns = Enumerable.Range(0, Width);
        var tensors = new SplitTensors([.. columns.Select(Mean)], [.. columns.Select(Deviation)], KarhunenLoeve: null, Prediction: null);
        return new SplitCalibration(splitLayer: 1, id: 1, tensors, [], []);
    }

    /// <summary>−0.5 to 0.5.</summary>
    private static float Mean(int column) => (column * 37 % 101 / 100f) - 0.5f;

    /// <summary>0.3 to 1.8.</summary>
    private static float Deviation(int column) => 0.3f + (column * 53 % 91 / 60f);
}
