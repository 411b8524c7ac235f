namespace SplitActors.Inference.Kernels;

/// <summary>
/// Sine and cosine with every operation written out: the C library's differ in the last bit between systems and instruction sets,
/// and a session that moves must find the same rotary angles.
/// </summary>
internal static class Trigonometry
{
    private const double HalfPiHigh = 1.5707963267948966;
    private const double HalfPiLow = 6.123233995736766e-17; // π/2 − HalfPiHigh

    /// <summary>sin x and cos x, each within 2⁻⁵¹, for |x| up to 2³⁰.</summary>
    /// <remarks>x = n·π/2 + r with |r| ≤ π/4; the Taylor polynomials of degree 15 and 16 of r, exchanged and negated by n's quadrant.</remarks>
    public static (double Sin, double Cos) SinCos(double x)
    {
        var n = Math.Round(x / HalfPiHigh);
        var r = Math.FusedMultiplyAdd(n, -HalfPiHigh, x);
        r = Math.FusedMultiplyAdd(n, -HalfPiLow, r);
        var (sin, cos) = (Sin(r), Cos(r));
        return ((long)n & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }

    private static double Sin(double r)
    {
        var z = r * r;
        var p = Math.FusedMultiplyAdd(-1.0 / 1_307_674_368_000, z, 1.0 / 6_227_020_800);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 39_916_800);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 362_880);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 5040);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 120);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 6);
        return Math.FusedMultiplyAdd(p * z, r, r);
    }

    private static double Cos(double r)
    {
        var z = r * r;
        var p = Math.FusedMultiplyAdd(1.0 / 20_922_789_888_000, z, -1.0 / 87_178_291_200);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 479_001_600);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 3_628_800);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 40_320);
        p = Math.FusedMultiplyAdd(p, z, -1.0 / 720);
        p = Math.FusedMultiplyAdd(p, z, 1.0 / 24);
        p = Math.FusedMultiplyAdd(p, z, -0.5);
        return Math.FusedMultiplyAdd(p, z, 1);
    }
}
