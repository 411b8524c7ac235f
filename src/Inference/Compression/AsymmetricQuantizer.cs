using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression;

/// <summary>
/// Asymmetric integer quantization of magnitudes [2511.04002, eq. 5–6]:
/// T̂ = round(T/s) + z, s = (max − min)/Q_max, Q_max = 2^(Q−1) − 1, z = round(−min/s) (the paper prints z with the opposite sign).
/// s is rounded up to a <see cref="ScaleCode"/>, or to bfloat16 where there is none or z is not 0, before it is used, so that max still fits and the
/// receiver's grid is the sender's.
/// Divisions are float32 and round half to even: IEEE 754 fixes every result, on any CPU and at any vector width.
/// </summary>
/// <remarks>
/// Error: |x̃ − x| ≤ s/2 + 2⁻²²·|x| with the transmitted s, and s ≤ (1 + 1/8)·(max − min)/Q_max + 2⁻¹³³.
/// The second term of the first bound is float32 rounding of T/s and of the product, which only matters for |z| beyond thousands.
/// </remarks>
internal static class AsymmetricQuantizer
{
    /// <summary>The grid for magnitudes from <paramref name="min"/> to <paramref name="max"/>, which is the larger.</summary>
    public static QuantizationGrid Fit(float min, float max, int bits)
    {
        var levelMax = (1 << (bits - 1)) - 1;
        var exact = MathF.Max((max - min) / levelMax, float.Epsilon);
        var scale = ScaleCode.RoundUp(exact);
        if (scale > 0 && MathF.Round(min / scale) == 0)
            return new QuantizationGrid(bits, scale, 0);
        scale = Bfloat16.RoundUp(exact);
        return new QuantizationGrid(bits, scale, -(int)MathF.Round(min / scale));
    }

    /// <summary>T̂ of every magnitude.</summary>
    /// <param name="magnitudes">[width]</param>
    /// <param name="grid">From <see cref="Fit"/>.</param>
    /// <param name="levels">[width] Receives 0 to Q_max.</param>
    public static void Quantize(ReadOnlySpan<float> magnitudes, QuantizationGrid grid, Span<byte> levels)
    {
        levels = levels[..magnitudes.Length];
        var column = 0;
        for (; column <= magnitudes.Length - Vector512<float>.Count; column += Vector512<float>.Count)
        {
            var rounded = Vector512.Round(Vector512.LoadUnsafe(in magnitudes[column]) / grid.Scale);
            var shifted = Vector512.ConvertToInt32(rounded) + Vector512.Create(grid.ZeroPoint);
            var clamped = Vector512.Min(Vector512.Max(shifted, Vector512<int>.Zero), Vector512.Create(grid.LevelMax));
            ByteLanes.Store(clamped, ref levels[column]);
        }

        for (; column < magnitudes.Length; column++)
        {
            var level = (int)MathF.Round(magnitudes[column] / grid.Scale) + grid.ZeroPoint;
            levels[column] = (byte)Math.Clamp(level, 0, grid.LevelMax);
        }
    }
}
