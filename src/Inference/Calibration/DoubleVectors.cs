using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Calibration;

/// <summary>The loops of linear algebra in float64. Sums are held in eight lanes whatever the CPU, so a calibration has the same bits everywhere.</summary>
internal static class DoubleVectors
{
    /// <summary>Σ xᵢ·yᵢ</summary>
    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        y = y[..x.Length]; // blocks of eight look at the first of them only
        var lanes = Vector512<double>.Zero;
        var i = 0;
        for (; i <= x.Length - Vector512<double>.Count; i += Vector512<double>.Count)
            lanes += Vector512.LoadUnsafe(in x[i]) * Vector512.LoadUnsafe(in y[i]);
        var sum = 0.0;
        for (var lane = 0; lane < Vector512<double>.Count; lane++)
            sum += lanes[lane];
        for (; i < x.Length; i++)
            sum += x[i] * y[i];
        return sum;
    }

    /// <summary>y += factor·x</summary>
    public static void AddScaled(ReadOnlySpan<double> x, double factor, Span<double> y)
    {
        y = y[..x.Length];
        var i = 0;
        for (; i <= x.Length - Vector512<double>.Count; i += Vector512<double>.Count)
            (Vector512.LoadUnsafe(ref y[i]) + (Vector512.LoadUnsafe(in x[i]) * factor)).StoreUnsafe(ref y[i]);
        for (; i < x.Length; i++)
            y[i] += x[i] * factor;
    }

    /// <summary>x := factor·x</summary>
    public static void Scale(Span<double> x, double factor)
    {
        var i = 0;
        for (; i <= x.Length - Vector512<double>.Count; i += Vector512<double>.Count)
            (Vector512.LoadUnsafe(ref x[i]) * factor).StoreUnsafe(ref x[i]);
        for (; i < x.Length; i++)
            x[i] *= factor;
    }

    /// <summary>(x, y) := (c·x − s·y, s·x + c·y)</summary>
    public static void Rotate(Span<double> x, Span<double> y, double sine, double cosine)
    {
        y = y[..x.Length];
        var i = 0;
        for (; i <= x.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            var (a, b) = (Vector512.LoadUnsafe(ref x[i]), Vector512.LoadUnsafe(ref y[i]));
            ((a * cosine) - (b * sine)).StoreUnsafe(ref x[i]);
            ((a * sine) + (b * cosine)).StoreUnsafe(ref y[i]);
        }

        for (; i < x.Length; i++)
            (x[i], y[i]) = ((cosine * x[i]) - (sine * y[i]), (sine * x[i]) + (cosine * y[i]));
    }
}
