using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary><c>x[i] ← e^(x[i] − max x) / Σ_j e^(x[j] − max x)</c>, in place.</summary>
internal static class Softmax
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(Span<float> x)
    {
        ref var x0 = ref MemoryMarshal.GetReference(x);
        var max = Vector512.Create(Maximum(x));
        Vector512<float> lanes = default;
        var i = 0;
        for (; i <= x.Length - Lanes.Count; i += Lanes.Count)
        {
            var e = VectorMath.Exp(Lanes.Load(in x0, i) - max);
            e.StoreUnsafe(ref x0, (nuint)i);
            lanes += e;
        }

        for (var lane = 0; i < x.Length; i++, lane++)
        {
            x[i] = VectorMath.Exp(x[i] - max.ToScalar());
            lanes = lanes.WithElement(lane, lanes.GetElement(lane) + x[i]);
        }

        Scale(x, 1f / Lanes.Sum(lanes));
    }

    /// <summary>The scalar reference of <see cref="Apply"/>.</summary>
    public static void ApplyScalar(Span<float> x)
    {
        var max = Maximum(x);
        var sum = 0.0;
        foreach (var value in x)
            sum += Math.Exp(value - max);
        for (var i = 0; i < x.Length; i++)
            x[i] = (float)(Math.Exp(x[i] - max) / sum);
    }

    private static float Maximum(ReadOnlySpan<float> x)
    {
        ref readonly var x0 = ref MemoryMarshal.GetReference(x);
        var max = float.NegativeInfinity;
        var i = 0;
        if (x.Length >= Lanes.Count)
        {
            var lanes = Lanes.Load(in x0, 0);
            for (i = Lanes.Count; i <= x.Length - Lanes.Count; i += Lanes.Count)
                lanes = Vector512.Max(lanes, Lanes.Load(in x0, i));
            for (var lane = 0; lane < Lanes.Count; lane++)
                max = MathF.Max(max, lanes.GetElement(lane));
        }

        for (; i < x.Length; i++)
            max = MathF.Max(max, x[i]);
        return max;
    }

    private static void Scale(Span<float> x, float factor)
    {
        ref var x0 = ref MemoryMarshal.GetReference(x);
        var i = 0;
        for (; i <= x.Length - Lanes.Count; i += Lanes.Count)
            (Lanes.Load(in x0, i) * factor).StoreUnsafe(ref x0, (nuint)i);
        for (; i < x.Length; i++)
            x[i] *= factor;
    }
}
