using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// Elementary functions whose every operation is written out, so that each CPU computes the same bits
/// (the C library's <c>expf</c> differs between versions).
/// </summary>
internal static class VectorMath
{
    private const float ExpArgumentMin = -87f; // e^−87.34 is the smallest normal float32
    private const float ExpArgumentMax = 88f;  // e^88.72 is the largest finite float32
    private const float Log2E = 1.44269504f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;
    private const float RoundingBias = 12582912f; // 1.5·2²³: adding and subtracting it rounds to an integer

    /// <summary>
    /// eˣ with a relative error below 2·10⁻⁷; arguments are clamped to −87 … 88, so results are never 0, subnormal or infinite.
    /// NaN gives NaN.
    /// </summary>
    /// <remarks>x = n·ln 2 + r with |r| ≤ ln 2 / 2; eʳ by its Taylor polynomial of degree 7, times 2ⁿ.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.Min(Vector512.Max(x, Vector512.Create(ExpArgumentMin)), Vector512.Create(ExpArgumentMax));
        var bias = Vector512.Create(RoundingBias);
        var n = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2E), bias) - bias;
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);

        var p = Vector512.Create(1f / 5040);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 720));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 120));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 24));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 6));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);

        var exponent = Vector512.ConvertToInt32Native(n) + Vector512.Create(127);
        return p * (exponent << 23).AsSingle();
    }

    /// <summary><c>x[i] ← e^x[i]</c></summary>
    public static void Exp(Span<float> x)
    {
        ref var x0 = ref MemoryMarshal.GetReference(x);
        var i = 0;
        for (; i <= x.Length - Lanes.Count; i += Lanes.Count)
            Exp(Lanes.Load(in x0, i)).StoreUnsafe(ref x0, (nuint)i);
        for (; i < x.Length; i++)
            x[i] = Exp(x[i]);
    }

    /// <summary>One lane of <see cref="Exp(Vector512{float})"/>.</summary>
    public static float Exp(float x) => Exp(Vector512.CreateScalar(x)).ToScalar();
}
