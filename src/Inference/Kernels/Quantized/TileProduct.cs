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
                ComputeToken(scalesOfRows, codesOfRows, blocksPerGroup, tile + TileProducts.PrefetchBytes(TCodes.Bits), aheadPerBlock, in panel, sums + row);
            else
                ComputeTokens(scalesOfRows, codesOfRows, blocksPerGroup, tile + TileProducts.PrefetchBytes(TCodes.Bits), aheadPerBlock, in panel, sums + row);
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

            var even = Add(default, Unpack(block, 0), activations);
            var odd = Add(default, Unpack(block, 1), activations + 4);
            even = Add(even, Unpack(block, 2), activations + 8);
            odd = Add(odd, Unpack(block, 3), activations + 12);
            even = Add(even, Unpack(block, 4), activations + 16);
            odd = Add(odd, Unpack(block, 5), activations + 20);
            even = Add(even, Unpack(block, 6), activations + 24);
            odd = Add(odd, Unpack(block, 7), activations + 28);
            sum = TLanes.MultiplyAdd(sum, Finish(even, odd), corrections + b, weightScales, activationScales + b);
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
                var even = Add(default, s0, activations);
                var odd = Add(default, s1, activations + 4);
                even = Add(even, s2, activations + 8);
                odd = Add(odd, s3, activations + 12);
                even = Add(even, s4, activations + 16);
                odd = Add(odd, s5, activations + 20);
                even = Add(even, s6, activations + 24);
                odd = Add(odd, s7, activations + 28);
                Accumulate(sum, even, odd, corrections++, weightScales, activationScales++);
                activations += TileLayout.BlockColumns;
                sum += TileLayout.TileRows;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt Unpack(byte* block, int step) => TCodes.Unpack<TLanes, TInt, TFloat>(block, step);

    /// <summary>Adds the products of four columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt Add(TInt sums, TInt codes, sbyte* activations) =>
        TCodes.Bits == 8 ? TLanes.AddByteProducts(sums, codes, activations) : TLanes.AddProducts(sums, codes, activations);

    /// <summary>Adds a block's sums to those of the blocks before. They come in two chains, as one would wait for itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float* sums, TInt even, TInt odd, int* correction, TFloat weightScales, float* activationScale) =>
        TLanes.StoreSums(TLanes.MultiplyAdd(TLanes.LoadSums(sums), Finish(even, odd), correction, weightScales, activationScale), sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInt Finish(TInt even, TInt odd) => TCodes.Bits == 8 ? TLanes.Add(even, odd) : TLanes.WidenSums(even, odd);
}
