using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary>Elementwise sums of residual connections.</summary>
internal static class Elementwise
{
    /// <summary><c>x[i] ← x[i] + y[i]</c></summary>
    public static void Add(Span<float> x, ReadOnlySpan<float> y)
    {
        y = y[..x.Length]; // what follows reads by reference, without looking at lengths
        ref var x0 = ref MemoryMarshal.GetReference(x);
        ref readonly var y0 = ref MemoryMarshal.GetReference(y);
        var i = 0;
        for (; i <= x.Length - Lanes.Count; i += Lanes.Count)
            (Lanes.Load(in x0, i) + Lanes.Load(in y0, i)).StoreUnsafe(ref x0, (nuint)i);
        for (; i < x.Length; i++)
            x[i] += y[i];
    }
}
