using System.Runtime.Intrinsics;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>Chooses the product of a format for this CPU.</summary>
internal static unsafe class TileProducts
{
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
    public static delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> ForPairs(int bits) => bits switch
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
