using System.Runtime.InteropServices;
using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Quantization;
using SplitActors.KernelDigest;

namespace SplitActors.Inference.Tests.Kernels.Quantized;

/// <summary>A tile has the bits of the scalar reference as the first and as the second of a pair, whatever the other one holds.</summary>
public sealed unsafe class TilePairProductTests
{
    private static readonly int[] Widths = [32, 100, 160, 352];
    private static readonly int[] TokenCounts = [2, 3, 16, 64];

    public static TheoryData<int, int> Formats => QuantizationCase.Formats;

    [Theory]
    [MemberData(nameof(Formats))]
    public void Compute_TileOfAPair_HasTheBitsOfTheScalarReference(int bits, int groupSize)
    {
        if (TileProducts.ForPairs(bits) == null)
            return; // a CPU without AVX-512, or 8 bits
        foreach (var width in Widths)
        {
            foreach (var tokenCount in TokenCounts)
            {
                var operands = TileOperands.Random(new TileLayout(TileLayout.TileRows, width, new WeightFormat(bits, groupSize)), tokenCount, seed: (ulong)(width + tokenCount));
                var expected = operands.Run(TileKernel.Scalar);
                BitAssert.Equal(expected, operands.Run(new TileKernel("first of a pair", (byte* tile, in TileLayout layout, in ActivationPanel panel, float* sums) => Compute(tile, 0, layout, panel, sums))));
                BitAssert.Equal(expected, operands.Run(new TileKernel("second of a pair", (byte* tile, in TileLayout layout, in ActivationPanel panel, float* sums) => Compute(tile, 1, layout, panel, sums))));
            }
        }
    }

    /// <param name="tile">Goes beside one of other bytes.</param>
    /// <param name="place">0 or 1</param>
    /// <param name="layout">Of a tile.</param>
    /// <param name="panel">Activations.</param>
    /// <param name="sums">Of the tile, written.</param>
    private static void Compute(byte* tile, int place, TileLayout layout, ActivationPanel panel, float* sums)
    {
        var tileBytes = (int)layout.TileBytes;
        var pair = new byte[2 * tileBytes];
        pair.AsSpan().Fill(0x35);
        new ReadOnlySpan<byte>(tile, tileBytes).CopyTo(pair.AsSpan(place * tileBytes));
        var sumCount = panel.TokenCount * TileLayout.TileRows;
        var both = (float*)NativeMemory.AlignedAlloc((nuint)(2 * sumCount * sizeof(float)), 64);
        fixed (byte* tiles = pair)
            TileProducts.ForPairs(layout.Format.Bits)(tiles, in layout, in panel, both);
        new ReadOnlySpan<float>(both + (place * sumCount), sumCount).CopyTo(new Span<float>(sums, sumCount));
        NativeMemory.AlignedFree(both);
    }
}
