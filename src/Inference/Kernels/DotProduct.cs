using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary><c>Σ_i a[i]·b[i]</c> in the lane order of <see cref="Lanes"/>.</summary>
internal static class DotProduct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Compute(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        b = b[..a.Length]; // what follows reads by reference, without looking at lengths
        ref readonly var a0 = ref MemoryMarshal.GetReference(a);
        ref readonly var b0 = ref MemoryMarshal.GetReference(b);
        Vector512<float> lanes = default;
        var i = 0;
        for (; i <= a.Length - Lanes.Count; i += Lanes.Count)
            lanes = Vector512.FusedMultiplyAdd(Lanes.Load(in a0, i), Lanes.Load(in b0, i), lanes);
        if (i < a.Length)
            lanes = Vector512.FusedMultiplyAdd(Lanes.LoadTail(in a[i], a.Length - i), Lanes.LoadTail(in b[i], a.Length - i), lanes);
        return Lanes.Sum(lanes);
    }
}
