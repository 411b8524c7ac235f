using System.Runtime.CompilerServices;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>
/// One tile of quantized weights times a panel of quantized activations:
/// <c>sums[t, r] = Σ_blocks (Σ_k code[r, k]·a[t, k] − zero·Σ_k a[t, k])·(weightScale[r]·activationScale[t])</c>,
/// the inner sums in exact integers over 32 columns, the blocks in ascending order with fused multiply-add.
/// </summary>
internal static unsafe class TileProduct<TLanes, TInt, TFloat, TCodes>
    where TLanes : struct, IRowLanes<TInt, TFloat>
    where TInt : struct
    where TFloat : struct
    where TCodes : struct, IWeightCodes
{
    /// <summary>
    /// How far ahead the weights are asked for, into the second cache, as the first has too few misses in flight. Of 2 to 32 KiB, and of one or
    /// several lines at once, this was the fastest; asking for a line twice costs a tenth.
    /// </summary>
    private const int PrefetchBytes = 12 << 10;

    /// <param name="tile">The tile's bytes.</param>
    /// <param name="layout">Of the matrix.</param>
    /// <param name="panel">Activations.</param>
    /// <param name="sums">[tokens][16], written</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(byte* tile, in TileLayout layout, in ActivationPanel panel, float* sums)
    {
        var blocksPerGroup = layout.Format.GroupSize / TileLayout.BlockColumns;
        var codes = tile + layout.ScalesBytes;
        var aheadPerBlock = layout.BlockBytes + (layout.ScalesBytes / layout.BlockCount);
        for (var row = 0; row < TileLayout.TileRows; row += TLanes.RowCount)
        {
            var scalesOfRows = tile + (row * sizeof(ushort));
            var codesOfRows = codes + (row * sizeof(int));
            if (panel.TokenCount == 1)
                ComputeToken(scalesOfRows, codesOfRows, blocksPerGroup, tile + PrefetchBytes, aheadPerBlock, in panel, sums + row);
            else
                ComputeTokens(scalesOfRows, codesOfRows, blocksPerGroup, tile + PrefetchBytes, aheadPerBlock, in panel, sums + row);
        }
    }

    /// <summary>One token: memory sets the pace, so the weights are asked for ahead, and the sums stay in a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ComputeToken(
        byte* scales, byte* block, int blocksPerGroup, byte* ahead, int aheadPerBlock, in ActivationPanel panel, float* sums)
    {
        var activations = panel.Codes;
        var activationScales = panel.Scales;
        var corrections = panel.Corrections;
        var blockCount = panel.BlockCount;
        var weightScales = TLanes.LoadScales(scales);
        var sum = default(TFloat);
        var line = ahead;
        for (int b = 0, inGroup = 0; b < blockCount; b++, inGroup++)
        {
            if (inGroup == blocksPerGroup)
            {
                inGroup = 0;
                scales += TileLayout.TileRows * sizeof(ushort);
                weightScales = TLanes.LoadScales(scales);
            }

            for (ahead += aheadPerBlock; line < ahead; line += TileLayout.PlaneBytes)
                TLanes.Prefetch(line);

            var dot = Dot(
                Unpack(block, 0), Unpack(block, 1), Unpack(block, 2), Unpack(block, 3),
                Unpack(block, 4), Unpack(block, 5), Unpack(block, 6), Unpack(block, 7), activations);
            sum = TLanes.MultiplyAdd(sum, dot, corrections[b], weightScales, activationScales[b]);
            block += TCodes.Bits * TileLayout.PlaneBytes;
            activations += TileLayout.BlockColumns;
        }

        TLanes.StoreSums(sum, sums);
    }

    /// <summary>Several tokens: a block is unpacked once into registers for all of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ComputeTokens(
        byte* scales, byte* block, int blocksPerGroup, byte* ahead, int aheadPerBlock, in ActivationPanel panel, float* sums)
    {
        var activations = panel.Codes;
        var activationScales = panel.Scales;
        var corrections = panel.Corrections;
        var (blockCount, tokenCount) = (panel.BlockCount, panel.TokenCount);
        var weightScales = TLanes.LoadScales(scales);
        var line = ahead;
        for (var t = 0; t < tokenCount; t++)
            TLanes.StoreSums(default, sums + (t * TileLayout.TileRows));
        for (int b = 0, inGroup = 0; b < blockCount; b++, inGroup++)
        {
            if (inGroup == blocksPerGroup)
            {
                inGroup = 0;
                scales += TileLayout.TileRows * sizeof(ushort);
                weightScales = TLanes.LoadScales(scales);
            }

            for (ahead += aheadPerBlock; line < ahead; line += TileLayout.PlaneBytes)
                TLanes.Prefetch(line);

            var s0 = Unpack(block, 0);
            var s1 = Unpack(block, 1);
            var s2 = Unpack(block, 2);
            var s3 = Unpack(block, 3);
            var s4 = Unpack(block, 4);
            var s5 = Unpack(block, 5);
            var s6 = Unpack(block, 6);
            var s7 = Unpack(block, 7);
            block += TCodes.Bits * TileLayout.PlaneBytes;
            var sum = sums;
            for (var t = 0; t < tokenCount; t++)
            {
                var dot = Dot(s0, s1, s2, s3, s4, s5, s6, s7, activations);
                TLanes.StoreSums(TLanes.MultiplyAdd(TLanes.LoadSums(sum), dot, *corrections++, weightScales, *activationScales++), sum);
                activations += TileLayout.BlockColumns;
                sum += TileLayout.TileRows;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt Unpack(byte* block, int step) => TCodes.Unpack<TLanes, TInt, TFloat>(block, step);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt Dot(TInt s0, TInt s1, TInt s2, TInt s3, TInt s4, TInt s5, TInt s6, TInt s7, sbyte* activations) =>
        TCodes.Bits == 8
            ? TLanes.DotBytes(s0, s1, s2, s3, s4, s5, s6, s7, activations)
            : TLanes.DotHalfBytes(s0, s1, s2, s3, s4, s5, s6, s7, activations);
}
