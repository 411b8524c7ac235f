using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>Eight rows in one register: AVX2, with AVX-VNNI where the CPU has it.</summary>
internal readonly unsafe struct RowLanes256 : IRowLanes<Vector256<int>, Vector256<float>>
{
    public static bool IsSupported => Avx2.IsSupported;

    public static int RowCount => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(byte* source) => Vector256.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> And(Vector256<int> codes, byte mask) => codes & Vector256.Create(mask).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Or(Vector256<int> left, Vector256<int> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ShiftRight(Vector256<int> codes, int count) => (codes.AsUInt16() >>> count).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ShiftLeft(Vector256<int> codes, int count) => (codes.AsUInt16() << count).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotHalfBytes(
        Vector256<int> s0, Vector256<int> s1, Vector256<int> s2, Vector256<int> s3,
        Vector256<int> s4, Vector256<int> s5, Vector256<int> s6, Vector256<int> s7, sbyte* activations)
    {
        if (AvxVnni.IsSupported)
            return DotVnni(s0, s1, s2, s3, s4, s5, s6, s7, activations);
        var even = Multiply(s0, activations);
        var odd = Multiply(s1, activations + 4);
        even += Multiply(s2, activations + 8);
        odd += Multiply(s3, activations + 12);
        even += Multiply(s4, activations + 16);
        odd += Multiply(s5, activations + 20);
        even += Multiply(s6, activations + 24);
        odd += Multiply(s7, activations + 28);
        return Avx2.MultiplyAddAdjacent(even + odd, Vector256<short>.One);
    }

     [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotBytes(
        Vector256<int> s0, Vector256<int> s1, Vector256<int> s2, Vector256<int> s3,
        Vector256<int> s4, Vector256<int> s5, Vector256<int> s6, Vector256<int> s7, sbyte* activations)
    {
        if (AvxVnni.IsSupported)
            return DotVnni(s0, s1, s2, s3, s4, s5, s6, s7, activations);
        var even = Avx2.MultiplyAddAdjacent(Multiply(s0, activations), Vector256<short>.One);
        var odd = Avx2.MultiplyAddAdjacent(Multiply(s1, activations + 4), Vector256<short>.One);
        even += Avx2.MultiplyAddAdjacent(Multiply(s2, activations + 8), Vector256<short>.One);
        odd += Avx2.MultiplyAddAdjacent(Multiply(s3, activations + 12), Vector256<short>.One);
        even += Avx2.MultiplyAddAdjacent(Multiply(s4, activations + 16), Vector256<short>.One);
        odd += Avx2.MultiplyAddAdjacent(Multiply(s5, activations + 20), Vector256<short>.One);
        even += Avx2.MultiplyAddAdjacent(Multiply(s6, activations + 24), Vector256<short>.One);
        odd += Avx2.MultiplyAddAdjacent(Multiply(s7, activations + 28), Vector256<short>.One);
        return even + odd;
    }

   [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadScales(byte* source)
    {
        var halves = Avx2.ConvertToVector256Int32(Vector128.Load((short*)source));
        return ((halves << 13) & Vector256.Create(HalfVector.SignAndMagnitudeMask)).AsSingle() * Vector256.Create(HalfVector.BiasScale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> sums, Vector256<int> dot, int correction, Vector256<float> scales, float activationScale) =>
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(dot + Vector256.Create(correction)), scales * Vector256.Create(activationScale), sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadSums(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(Vector256<float> sums, float* destination) => sums.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address) => Sse.Prefetch1(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Multiply(Vector256<int> codes, sbyte* activations) =>
        Avx2.MultiplyAddAdjacent(codes.AsByte(), Broadcast(activations));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Broadcast(sbyte* activations) => Vector256.Create(*(int*)activations).AsSByte();

    /// <summary>One instruction multiplies and adds four bytes of a row.</summary>
   [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> DotVnni(
        Vector256<int> s0, Vector256<int> s1, Vector256<int> s2, Vector256<int> s3,
        Vector256<int> s4, Vector256<int> s5, Vector256<int> s6, Vector256<int> s7, sbyte* activations)
    {
        var even = AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, s0.AsByte(), Broadcast(activations));
        var odd = AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, s1.AsByte(), Broadcast(activations + 4));
        even = AvxVnni.MultiplyWideningAndAdd(even, s2.AsByte(), Broadcast(activations + 8));
        odd = AvxVnni.MultiplyWideningAndAdd(odd, s3.AsByte(), Broadcast(activations + 12));
        even = AvxVnni.MultiplyWideningAndAdd(even, s4.AsByte(), Broadcast(activations + 16));
        odd = AvxVnni.MultiplyWideningAndAdd(odd, s5.AsByte(), Broadcast(activations + 20));
        even = AvxVnni.MultiplyWideningAndAdd(even, s6.AsByte(), Broadcast(activations + 24));
        odd = AvxVnni.MultiplyWideningAndAdd(odd, s7.AsByte(), Broadcast(activations + 28));
        return even + odd;
    }
}
