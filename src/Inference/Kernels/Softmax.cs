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

        if (i < x.Length)
        {
            var e = VectorMath.Exp(Lanes.LoadTail(in x[i], x.Length - i) - max);
            Lanes.StoreTail(e, x[i..]);
            lanes += Lanes.LoadTail(in x[i], x.Length - i); // the lanes beyond it add zero
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

    /// <remarks>NaN may get lost here: its own e^NaN makes all weights NaN.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Maximum(ReadOnlySpan<float> x)
    {
        ref readonly var x0 = ref MemoryMarshal.GetReference(x);
        var max = float.NegativeInfinity;
        var i = 0;
        if (x.Length >= Lanes.Count)
        {
            var lanes = Lanes.Load(in x0, 0);
            for (i = Lanes.Count; i <= x.Length - Lanes.Count; i += Lanes.Count)
                lanes = Vector512.MaxNative(lanes, Lanes.Load(in x0, i));
            return Lanes.Max(Vector512.MaxNative(lanes, Lanes.Load(in x0, x.Length - Lanes.Count))); // the last 16 again, for the tail
        }

        for (; i < x.Length; i++)
            max = MathF.Max(max, x[i]);
        return max;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
