using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary>Root mean square normalization [arXiv 1910.07467]: <c>y[t, i] = x[t, i]·w[i] / √(mean_i x[t, i]² + ε)</c>.</summary>
internal static class RmsNorm
{
    /// <param name="x">[tokens, d]</param>
    /// <param name="weight">[d]</param>
    /// <param name="y">[tokens, d]; may be <paramref name="x"/> itself</param>
    public static void Normalize(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        var width = weight.Length;
        for (var start = 0; start < x.Length; start += width)
        {
            var row = x.Slice(start, width);
            Scale(row, weight, 1f / MathF.Sqrt((SumOfSquares(row) / width) + epsilon), y.Slice(start, width));
        }
    }

    /// <summary>The scalar reference of <see cref="Normalize"/>.</summary>
    public static void NormalizeScalar(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        var width = weight.Length;
        for (var start = 0; start < x.Length; start += width)
        {
            var sum = 0.0;
            for (var i = 0; i < width; i++)
                sum += (double)x[start + i] * x[start + i];
            var scale = 1.0 / Math.Sqrt((sum / width) + epsilon);
            for (var i = 0; i < width; i++)
                y[start + i] = (float)(x[start + i] * scale * weight[i]);
        }
    }

    private static float SumOfSquares(ReadOnlySpan<float> row) => DotProduct.Compute(row, row);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(ReadOnlySpan<float> row, ReadOnlySpan<float> weight, float scale, Span<float> y)
    {
        ref readonly var x0 = ref MemoryMarshal.GetReference(row);
        ref readonly var w0 = ref MemoryMarshal.GetReference(weight);
        ref var y0 = ref MemoryMarshal.GetReference(y);
        var i = 0;
        for (; i <= row.Length - Lanes.Count; i += Lanes.Count)
            (Lanes.Load(in x0, i) * scale * Lanes.Load(in w0, i)).StoreUnsafe(ref y0, (nuint)i);
        for (; i < row.Length; i++)
            y[i] = row[i] * scale * weight[i];
    }
}
