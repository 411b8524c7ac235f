using System.Runtime.Intrinsics;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>Chooses the product of a format for this CPU.</summary>
internal static unsafe class TileProducts
{
    /// <summary>
    /// How far ahead the weights are asked for, into the second cache, as the first has too few misses in flight. Of 1 to 48 KiB these were the
    /// fastest on Zen 4; asking for a line twice costs a tenth.
    /// </summary>
    public static int PrefetchBytes(int bits) => bits == 8 ? 3 << 10 : 9 << 10;

    /// <param name="bits">Of a quantized <see cref="WeightFormat"/>.</param>
    public static delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> For(int bits) => bits switch
    {
        8 => For<Codes8>(),
        4 => For<Codes4>(),
        3 => For<Codes3>(),
        2 => For<Codes2>(),
        _ => throw new ArgumentOutOfRangeException(nameof(bits), bits, message: null),
    };

    /// <summary>Of two neighbouring tiles and several tokens, or null where one tile after the other is as good.</summary>
    /// <param name="bits">Of a quantized <see cref="WeightFormat"/>.</param>
    public static delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> ForPairs(int bits)
    {
        var vnni = ForVnniPairs(bits);
        return vnni != null ? vnni : ForAvx512Pairs(bits);
    }

    /// <summary>Null on a CPU without AVX-512 VNNI, and where code cannot be made.</summary>
    /// <param name="bits">Of a quantized <see cref="WeightFormat"/>.</param>
    public static delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> ForVnniPairs(int bits) => bits switch
    {
        8 when VnniPairProduct<Codes8>.IsSupported => &VnniPairProduct<Codes8>.Compute,
        4 when VnniPairProduct<Codes4>.IsSupported => &VnniPairProduct<Codes4>.Compute,
        3 when VnniPairProduct<Codes3>.IsSupported => &VnniPairProduct<Codes3>.Compute,
        2 when VnniPairProduct<Codes2>.IsSupported => &VnniPairProduct<Codes2>.Compute,
        _ => null,
    };

    /// <summary>Null on a CPU without AVX-512, and for 8 bits.</summary>
    /// <param name="bits">Of a quantized <see cref="WeightFormat"/>.</param>
    public static delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> ForAvx512Pairs(int bits) => bits switch
    {
        4 when RowLanes512.IsSupported => &TilePairProduct<Codes4>.Compute,
        3 when RowLanes512.IsSupported => &TilePairProduct<Codes3>.Compute,
        2 when RowLanes512.IsSupported => &TilePairProduct<Codes2>.Compute,
        _ => null,
    };

    private static delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> For<TCodes>()
        where TCodes : struct, IWeightCodes
    {
        if (RowLanes512.IsSupported)
            return &TileProduct<RowLanes512, Vector512<int>, Vector512<float>, TCodes>.Compute;
        if (RowLanes256.IsSupported)
            return &TileProduct<RowLanes256, Vector256<int>, Vector256<float>, TCodes>.Compute;
        return &TileProduct<RowLanes128, Vector128<int>, Vector128<float>, TCodes>.Compute;
    }
}
