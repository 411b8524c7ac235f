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
    public static Vector256<int> Add(Vector256<int> left, Vector256<int> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> And(Vector256<int> codes, byte mask) => codes & Vector256.Create(mask).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Or(Vector256<int> left, Vector256<int> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ShiftRight(Vector256<int> codes, int count) => (codes.AsUInt16() >>> count).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ShiftLeft(Vector256<int> codes, int count) => (codes.AsUInt16() << count).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddProducts(Vector256<int> sums, Vector256<int> codes, sbyte* activations) =>
        AvxVnni.IsSupported
            ? AvxVnni.MultiplyWideningAndAdd(sums, codes.AsByte(), Broadcast(activations))
            : (sums.AsInt16() + Multiply(codes, activations)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> WidenSums(Vector256<int> even, Vector256<int> odd) =>
        AvxVnni.IsSupported ? even + odd : AddPairs(even.AsInt16() + odd.AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddByteProducts(Vector256<int> sums, Vector256<int> codes, sbyte* activations) =>
        AvxVnni.IsSupported
            ? AvxVnni.MultiplyWideningAndAdd(sums, codes.AsByte(), Broadcast(activations))
            : sums + AddPairs(Multiply(codes, activations));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadScales(byte* source)
    {
        var halves = Avx2.ConvertToVector256Int32(Vector128.Load((short*)source));
        return ((halves << 13) & Vector256.Create(HalfVector.SignAndMagnitudeMask)).AsSingle() * Vector256.Create(HalfVector.BiasScale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> sums, Vector256<int> dot, int* correction, Vector256<float> scales, float* activationScale) =>
        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(dot + Vector256.Create(*correction)), scales * Vector256.Create(*activationScale), sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadSums(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(Vector256<float> sums, float* destination) => sums.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address) => Sse.Prefetch1(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Multiply(Vector256<int> codes, sbyte* activations) => Avx2.MultiplyAddAdjacent(codes.AsByte(), Broadcast(activations));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> AddPairs(Vector256<short> sums) => Avx2.MultiplyAddAdjacent(sums, Vector256<short>.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Broadcast(sbyte* activations) => Vector256.Create(*(int*)activations).AsSByte();
}
