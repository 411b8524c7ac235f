using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Quantization;
using SplitActors.KernelDigest;

namespace SplitActors.Inference.Tests.Kernels.Quantized;

/// <summary>A tile has the bits of the scalar reference as the first and as the second of a pair, whatever the other one holds.</summary>
public sealed unsafe class TilePairProductTests
{
    private static readonly int[] Widths = [32, 100, 160, 352];
    private static readonly int[] TokenCounts = [1, 2, 3, 16, 64];

    public static TheoryData<int, int> Formats => QuantizationCase.Formats;

    [Theory]
    [MemberData(nameof(Formats))]
    public void Avx512_HasTheBitsOfTheScalarReference(int bits, int groupSize) => Check(TileProducts.ForAvx512Pairs(bits), new WeightFormat(bits, groupSize));

    [Theory]
    [MemberData(nameof(Formats))]
    public void Vnni_HasTheBitsOfTheScalarReference(int bits, int groupSize) => Check(TileProducts.ForVnniPairs(bits), new WeightFormat(bits, groupSize));

    /// <summary>Else the product would be slow, and no test would say so.</summary>
    [Fact]
    public void Vnni_IsThere_WhereTheCpuAndTheSystemHaveIt()
    {
        const int avx512VnniBit = 11;
        var cpuHasIt = X86Base.IsSupported && ((X86Base.CpuId(7, 0).Ecx >> avx512VnniBit) & 1) == 1;
        Assert.Equal(cpuHasIt && Avx512BW.IsSupported && OperatingSystem.IsLinux(), TileProducts.ForVnniPairs(4) != null);
    }

    /// <param name="product">Null on a CPU that does not have it.</param>
    /// <param name="format">Of the weights.</param>
    private static void Check(delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> product, WeightFormat format)
    {
        if (product == null)
            return;
        foreach (var width in Widths)
        {
            foreach (var tokenCount in TokenCounts)
            {
                var operands = TileOperands.Random(new TileLayout(TileLayout.TileRows, width, format), tokenCount, seed: (ulong)(width + tokenCount));
                var expected = operands.Run(TileKernel.Scalar);
                BitAssert.Equal(expected, operands.Run(new TileKernel("first of a pair", (byte* tile, in TileLayout layout, in ActivationPanel panel, float* sums) => Compute(product, tile, 0, layout, panel, sums))));
                BitAssert.Equal(expected, operands.Run(new TileKernel("second of a pair", (byte* tile, in TileLayout layout, in ActivationPanel panel, float* sums) => Compute(product, tile, 1, layout, panel, sums))));
            }
        }
    }

    /// <param name="product">Of pairs.</param>
    /// <param name="tile">Goes beside one of other bytes.</param>
    /// <param name="place">0 or 1</param>
    /// <param name="layout">Of a tile.</param>
    /// <param name="panel">Activations.</param>
    /// <param name="sums">Of the tile, written.</param>
    private static void Compute(
        delegate*<byte*, in TileLayout, in ActivationPanel, float*, void> product, byte* tile, int place, TileLayout layout, ActivationPanel panel, float* sums)
    {
        var tileBytes = (int)layout.TileBytes;
        var pair = new byte[2 * tileBytes];
        pair.AsSpan().Fill(0x35);
        new ReadOnlySpan<byte>(tile, tileBytes).CopyTo(pair.AsSpan(place * tileBytes));
        var sumCount = panel.TokenCount * TileLayout.TileRows;
        var both = (float*)NativeMemory.AlignedAlloc((nuint)(2 * sumCount * sizeof(float)), 64);
        fixed (byte* tiles = pair)
            product(tiles, in layout, in panel, both);
        new ReadOnlySpan<float>(both + (place * sumCount), sumCount).CopyTo(new Span<float>(sums, sumCount));
        NativeMemory.AlignedFree(both);
    }
}
