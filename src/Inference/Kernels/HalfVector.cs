using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Kernels;

/// <summary>IEEE half to float32, 16 at a time; .NET has no class for the F16C instructions.</summary>
internal static unsafe class HalfVector
{
    public const float Max = 65504f;

    /// <summary>Keeps the sign and the 15 bits of the magnitude after a sign-extended half is shifted left by 13.</summary>
    public const int SignAndMagnitudeMask = unchecked((int)0x8FFFE000);

    /// <summary>2^112, the difference of the exponent biases (127 − 15).</summary>
    public const float BiasScale = 5.192296858534828e33f;

    /// <summary>
    /// Exact for all finite halves, subnormal ones too. Infinity and NaN, which would cost three more instructions, become finite numbers from
    /// ±65536 to ±131008.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(short* source)
    {
        var halves = Vector256.Load(source);
        var bits = Avx512F.IsSupported ? Avx512F.ConvertToVector512Int32(halves) : Widen(halves);
        var magnitudeAndSign = (bits << 13) & Vector512.Create(SignAndMagnitudeMask);
        return magnitudeAndSign.AsSingle() * Vector512.Create(BiasScale);
    }

    /// <summary>As <see cref="Load"/>, but infinity and NaN become NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadOrNaN(short* source)
    {
        var values = Load(source);
        var isLarge = Vector512.GreaterThan(Vector512.Abs(values), Vector512.Create(Max));
        return Vector512.ConditionalSelect(isLarge, Vector512.Create(float.NaN), values);
    }

    /// <summary>Rounded to nearest, even if halfway; beyond ±65504 that value; NaN stays NaN.</summary>
    public static Half Saturate(float value) => (Half)Clamp(value);

    public static float Clamp(float value) => Math.Clamp(value, -Max, Max);

    private static Vector512<int> Widen(Vector256<short> halves)
    {
        var (lower, upper) = Vector256.Widen(halves);
        return Vector512.Create(lower, upper);
    }
}
