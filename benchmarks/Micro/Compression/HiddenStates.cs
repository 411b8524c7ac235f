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
}
