using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>Four rows in one register, with operations that .NET offers on every CPU.</summary>
internal readonly unsafe struct RowLanes128 : IRowLanes<Vector128<int>, Vector128<float>>
{
    public static int RowCount => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(byte* source) => Vector128.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> left, Vector128<int> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> And(Vector128<int> codes, byte mask) => codes & Vector128.Create(mask).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Or(Vector128<int> left, Vector128<int> right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ShiftRight(Vector128<int> codes, int count) => (codes.AsUInt16() >>> count).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ShiftLeft(Vector128<int> codes, int count) => (codes.AsUInt16() << count).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddProducts(Vector128<int> sums, Vector128<int> codes, sbyte* activations) =>
        (sums.AsInt16() + Multiply(codes, activations)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> WidenSums(Vector128<int> even, Vector128<int> odd) => AddPairs(even.AsInt16() + odd.AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddByteProducts(Vector128<int> sums, Vector128<int> codes, sbyte* activations) =>
        sums + AddPairs(Multiply(codes, activations));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadScales(byte* source)
    {
        var halves = Vector128.WidenLower(Vector64.Load((short*)source).ToVector128());
        return ((halves << 13) & Vector128.Create(HalfVector.SignAndMagnitudeMask)).AsSingle() * Vector128.Create(HalfVector.BiasScale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> sums, Vector128<int> dot, int* correction, Vector128<float> scales, float* activationScale) =>
        Vector128.FusedMultiplyAdd(Vector128.ConvertToSingle(dot + Vector128.Create(*correction)), scales * Vector128.Create(*activationScale), sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadSums(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(Vector128<float> sums, float* destination) => sums.Store(destination);

    public static void Prefetch(byte* address)
    {
        // No portable operation; the streams are sequential, which hardware sees by itself.
    }

    /// <summary>Sums of two neighbouring products in int16: even bytes and odd bytes are multiplied as 16-bit numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Multiply(Vector128<int> codes, sbyte* activations)
    {
        var signed = Vector128.Create(*(int*)activations).AsInt16();
        var even = (codes.AsInt16() & Vector128.Create((short)0xFF)) * ((signed << 8) >> 8);
        return even + ((codes.AsInt16() >>> 8) * (signed >> 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> AddPairs(Vector128<short> sums) => ((sums.AsInt32() << 16) >> 16) + (sums.AsInt32() >> 16);
}
