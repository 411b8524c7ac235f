using System.Runtime.Intrinsics;
using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Quantization;

namespace SplitActors.KernelDigest;

/// <summary>A product of a tile with a panel, for one register width and one number of weight bits.</summary>
internal sealed record TileKernel(string Name, TileKernel.Product Compute)
{
    public unsafe delegate void Product(byte* tile, in TileLayout layout, in ActivationPanel panel, float* sums);

    public static unsafe TileKernel Scalar { get; } = new("TileProductScalar", TileProductScalar.Compute);

    /// <summary>The one that the product takes in this process.</summary>
    public static unsafe TileKernel Chosen(int bits) => new(
        nameof(TileProducts), (byte* tile, in TileLayout layout, in ActivationPanel panel, float* sums) => TileProducts.For(bits)(tile, in layout, in panel, sums));

    /// <summary>Those that this process can run.</summary>
    public static IReadOnlyList<TileKernel> For(int bits) => bits switch
    {
        8 => For<Codes8>(),
        4 => For<Codes4>(),
        3 => For<Codes3>(),
        _ => For<Codes2>(),
    };

    private static unsafe List<TileKernel> For<TCodes>()
        where TCodes : struct, IWeightCodes
    {
        var kernels = new List<TileKernel>
        {
            new($"TileProduct, int{TCodes.Bits}, 128 bits", TileProduct<RowLanes128, Vector128<int>, Vector128<float>, TCodes>.Compute),
        };
        if (RowLanes256.IsSupported)
            kernels.Add(new($"TileProduct, int{TCodes.Bits}, 256 bits", TileProduct<RowLanes256, Vector256<int>, Vector256<float>, TCodes>.Compute));
        if (RowLanes512.IsSupported)
            kernels.Add(new($"TileProduct, int{TCodes.Bits}, 512 bits", TileProduct<RowLanes512, Vector512<int>, Vector512<float>, TCodes>.Compute));
        return kernels;
    }
}
