using System.Runtime.InteropServices;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>The scalar reference of <see cref="TileProduct{TLanes, TInt, TFloat, TCodes}"/>, for weights of any bits: the same bits, without registers.</summary>
internal static unsafe class TileProductScalar
{
    /// <param name="tile">The tile's bytes.</param>
    /// <param name="layout">Of the matrix.</param>
    /// <param name="panel">Activations.</param>
    /// <param name="sums">[tokens][16], written</param>
    public static void Compute(byte* tile, in TileLayout layout, in ActivationPanel panel, float* sums)
    {
        var bytes = new ReadOnlySpan<byte>(tile, checked((int)layout.TileBytes));
        var scales = MemoryMarshal.Cast<byte, Half>(bytes[..layout.ScalesBytes]);
        Span<byte> codes = stackalloc byte[TileLayout.BlockColumns];
        new Span<float>(sums, panel.TokenCount * TileLayout.TileRows).Clear();
        for (var block = 0; block < panel.BlockCount; block++)
        {
            var group = block * TileLayout.BlockColumns / layout.Format.GroupSize;
            for (var row = 0; row < TileLayout.TileRows; row++)
            {
                TilePacker.UnpackBlock(layout, row, block, bytes, codes);
                AddBlock(codes, (float)scales[(group * TileLayout.TileRows) + row], block, in panel, sums + row);
            }
        }
    }

    private static void AddBlock(ReadOnlySpan<byte> codes, float weightScale, int block, in ActivationPanel panel, float* sums)
    {
        for (var token = 0; token < panel.TokenCount; token++)
        {
            var index = (block * panel.TokenCount) + token;
            var activations = panel.Codes + ((nint)index * TileLayout.BlockColumns);
            var dot = panel.Corrections[index];
            for (var k = 0; k < codes.Length; k++)
                dot += codes[k] * activations[k];
            ref var sum = ref sums[token * TileLayout.TileRows];
            sum = MathF.FusedMultiplyAdd(dot, weightScale * panel.Scales[index], sum);
        }
    }
}
