using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// What each level of a table weighs: the density (1 + x²/((2p−3)·σ²))^−p summed at the middles of 64 parts of the level's interval, in IEEE 754 +, ·, ÷ of
/// one order, whether eight levels are computed at once or one.
/// </summary>
internal static class SpreadWeights
{
    private const int Parts = 64;

    /// <param name="spread">σ = 2^((spread−20)/4) steps.</param>
    /// <param name="power">p.</param>
    /// <param name="weights">[levels, a multiple of 8] Of one sign of each level; of half the interval of level 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(int spread, int power, Span<double> weights)
    {
        var sigma = (double)StepGrid.Value(spread - SpreadTables.UnitSpread);
        var scale = 1 / (((2 * power) - 3) * sigma * sigma);
        Span<double> from = stackalloc double[Vector512<double>.Count];
        Span<double> width = stackalloc double[Vector512<double>.Count];
        for (var level = 0; level < weights.Length; level += from.Length)
        {
            for (var lane = 0; lane < from.Length; lane++)
            {
                var next = level + lane;
                from[lane] = next == 0 ? 0 : next - LevelQuantizer.RoundingOffset;
                width[lane] = (next + (1 - LevelQuantizer.RoundingOffset) - from[lane]) / Parts;
            }

            if (Vector256.IsHardwareAccelerated)
            {
                Integrals(Vector512.Create<double>(from), Vector512.Create<double>(width), scale, power).CopyTo(weights[level..]);
                continue;
            }

            for (var lane = 0; lane < from.Length; lane++)
                weights[level + lane] = Integral(from[lane], width[lane], scale, power);
        }
    }

    private static double Integral(double from, double width, double scale, int power)
    {
        var sum = 0.0;
        for (var part = 0; part < Parts; part++)
        {
            var x = from + ((part + 0.5) * width);
            var inverse = 1 / (1 + (x * x * scale));
            var density = inverse;
            for (var i = 1; i < power; i++)
                density *= inverse;
            sum += density;
        }

        return sum * width;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Integrals(Vector512<double> from, Vector512<double> width, double scale, int power)
    {
        var sum = Vector512<double>.Zero;
        for (var part = 0; part < Parts; part++)
        {
            var x = from + (Vector512.Create(part + 0.5) * width);
            var inverse = Vector512<double>.One / (Vector512<double>.One + (x * x * scale));
            var density = inverse;
            for (var i = 1; i < power; i++)
                density *= inverse;
            sum += density;
        }

        return sum * width;
    }
}
