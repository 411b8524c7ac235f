using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>All 16 rows of a tile in one register: AVX-512 with byte and word instructions.</summary>
internal readonly unsafe struct RowLanes512 : IRowLanes<Vector512<int>, Vector512<float>>
{
    public static bool IsSupported => Avx512BW.IsSupported;

    public static int RowCount => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(byte* source) => Vector512.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> And(Vector512<int> codes, byte mask) => codes & Vector512.Create(mask).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Or(Vector512<int> left, Vector512<int> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> ShiftRight(Vector512<int> codes, int count) => (codes.AsUInt16() >>> count).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> ShiftLeft(Vector512<int> codes, int count) => (codes.AsUInt16() << count).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> DotHalfBytes(
        Vector512<int> s0, Vector512<int> s1, Vector512<int> s2, Vector512<int> s3,
        Vector512<int> s4, Vector512<int> s5, Vector512<int> s6, Vector512<int> s7, sbyte* activations)
    {
        var even = Multiply(s0, activations);
        var odd = Multiply(s1, activations + 4);
        even += Multiply(s2, activations + 8);
        odd += Multiply(s3, activations + 12);
        even += Multiply(s4, activations + 16);
        odd += Multiply(s5, activations + 20);
        even += Multiply(s6, activations + 24);
        odd += Multiply(s7, activations + 28);
        return Avx512BW.MultiplyAddAdjacent(even + odd, Vector512<short>.One);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> DotBytes(
        Vector512<int> s0, Vector512<int> s1, Vector512<int> s2, Vector512<int> s3,
        Vector512<int> s4, Vector512<int> s5, Vector512<int> s6, Vector512<int> s7, sbyte* activations)
    {
        var even = Avx512BW.MultiplyAddAdjacent(Multiply(s0, activations), Vector512<short>.One);
        var odd = Avx512BW.MultiplyAddAdjacent(Multiply(s1, activations + 4), Vector512<short>.One);
        even += Avx512BW.MultiplyAddAdjacent(Multiply(s2, activations + 8), Vector512<short>.One);
        odd += Avx512BW.MultiplyAddAdjacent(Multiply(s3, activations + 12), Vector512<short>.One);
        even += Avx512BW.MultiplyAddAdjacent(Multiply(s4, activations + 16), Vector512<short>.One);
        odd += Avx512BW.MultiplyAddAdjacent(Multiply(s5, activations + 20), Vector512<short>.One);
        even += Avx512BW.MultiplyAddAdjacent(Multiply(s6, activations + 24), Vector512<short>.One);
        odd += Avx512BW.MultiplyAddAdjacent(Multiply(s7, activations + 28), Vector512<short>.One);
        return even + odd;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadScales(byte* source) => HalfVector.Load((short*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> sums, Vector512<int> dot, int correction, Vector512<float> scales, float activationScale) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(dot + Vector512.Create(correction)), scales * Vector512.Create(activationScale), sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSums(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(Vector512<float> sums, float* destination) => sums.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address) => Sse.Prefetch1(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Multiply(Vector512<int> codes, sbyte* activations) =>
        Avx512BW.MultiplyAddAdjacent(codes.AsByte(), Vector512.Create(*(int*)activations).AsSByte());
}
