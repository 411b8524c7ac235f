using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary>Gated activation [arXiv 2002.05202]: <c>gate[i] ← silu(gate[i])·up[i]</c> with <c>silu(x) = x / (1 + e⁻ˣ)</c>.</summary>
internal static class SwiGlu
{
    /// <param name="gate">Any shape; overwritten with the result.</param>
    /// <param name="up">The same shape.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(Span<float> gate, ReadOnlySpan<float> up)
    {
        up = up[..gate.Length]; // what follows reads by reference, without looking at lengths
        ref var g0 = ref MemoryMarshal.GetReference(gate);
        ref readonly var u0 = ref MemoryMarshal.GetReference(up);
        var i = 0;
        for (; i <= gate.Length - Lanes.Count; i += Lanes.Count)
            Gate(Lanes.Load(in g0, i), Lanes.Load(in u0, i)).StoreUnsafe(ref g0, (nuint)i);
        if (i < gate.Length)
        {
            var count = gate.Length - i;
            var tail = Gate(Lanes.LoadTail(in gate[i], count), Lanes.LoadTail(in up[i], count));
            for (var lane = 0; lane < count; lane++)
                gate[i + lane] = tail.GetElement(lane);
        }
    }

    /// <summary>The scalar reference of <see cref="Apply"/>.</summary>
    public static void ApplyScalar(Span<float> gate, ReadOnlySpan<float> up)
    {
        for (var i = 0; i < gate.Length; i++)
            gate[i] = (float)(gate[i] / (1.0 + Math.Exp(-gate[i])) * up[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Gate(Vector512<float> gate, Vector512<float> up) =>
        gate / (Vector512<float>.One + VectorMath.Exp(-gate)) * up;
}
