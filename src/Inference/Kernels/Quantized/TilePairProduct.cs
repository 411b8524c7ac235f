using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>
/// Two neighbouring tiles of weights of at most 4 bits times a panel of several tokens, each as <see cref="TileProduct{TLanes,TInt,TFloat,TCodes}"/> computes it, bit for
/// bit. Both tiles' codes of a block stay in 16 of AVX-512's 32 registers, so that four activations are broadcast once for 32 rows: loads, and not
/// multiplications, set the pace of one tile alone.
/// </summary>
internal static unsafe class TilePairProduct<TCodes>
    where TCodes : struct, IWeightCodes
{
    /// <param name="tiles">The bytes of the first tile, and then of the second.</param>
    /// <param name="layout">Of the matrix.</param>
    /// <param name="panel">Activations.</param>
    /// <param name="sums">[2][tokens][16], written</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(byte* tiles, in TileLayout layout, in ActivationPanel panel, float* sums)
    {
        var blocksPerGroup = layout.Format.GroupSize / TileLayout.BlockColumns;
        var tileBytes = layout.TileBytes;
        var scales = tiles;
        var block = tiles + layout.ScalesBytes;
        var aheadPerBlock = layout.BlockBytes + (layout.ScalesBytes / layout.BlockCount);
        var ahead = tiles + TileProducts.PrefetchBytes(TCodes.Bits);
        var line = ahead;
        var (blockCount, tokenCount) = (panel.BlockCount, panel.TokenCount);
        var activations = panel.Codes;
        var activationScales = panel.Scales;
        var corrections = panel.Corrections;
        var sums1 = sums + (tokenCount * TileLayout.TileRows);
        new Span<float>(sums, 2 * tokenCount * TileLayout.TileRows).Clear();
        var (scales0, scales1) = (RowLanes512.LoadScales(scales), RowLanes512.LoadScales(scales + tileBytes));
        for (int b = 0, inGroup = 0; b < blockCount; b++, inGroup++)
        {
            if (inGroup == blocksPerGroup)
            {
                inGroup = 0;
                scales += TileLayout.TileRows * sizeof(ushort);
                (scales0, scales1) = (RowLanes512.LoadScales(scales), RowLanes512.LoadScales(scales + tileBytes));
            }

            for (ahead += aheadPerBlock; line < ahead; line += TileLayout.PlaneBytes)
            {
                RowLanes512.Prefetch(line);
                RowLanes512.Prefetch(line + tileBytes);
            }

            var (p0, p1, p2, p3) = (Unpack(block, 0), Unpack(block, 1), Unpack(block, 2), Unpack(block, 3));
            var (p4, p5, p6, p7) = (Unpack(block, 4), Unpack(block, 5), Unpack(block, 6), Unpack(block, 7));
            var second = block + tileBytes;
            var (q0, q1, q2, q3) = (Unpack(second, 0), Unpack(second, 1), Unpack(second, 2), Unpack(second, 3));
            var (q4, q5, q6, q7) = (Unpack(second, 4), Unpack(second, 5), Unpack(second, 6), Unpack(second, 7));
            block += TCodes.Bits * TileLayout.PlaneBytes;
            for (var t = 0; t < tokenCount; t++)
            {
                var four = Broadcast(activations);
                var (dot0, dot1) = (Multiply(p0, four), Multiply(q0, four));
                four = Broadcast(activations + 4);
                (dot0, dot1) = (dot0 + Multiply(p1, four), dot1 + Multiply(q1, four));
                four = Broadcast(activations + 8);
                (dot0, dot1) = (dot0 + Multiply(p2, four), dot1 + Multiply(q2, four));
                four = Broadcast(activations + 12);
                (dot0, dot1) = (dot0 + Multiply(p3, four), dot1 + Multiply(q3, four));
                four = Broadcast(activations + 16);
                (dot0, dot1) = (dot0 + Multiply(p4, four), dot1 + Multiply(q4, four));
                four = Broadcast(activations + 20);
                (dot0, dot1) = (dot0 + Multiply(p5, four), dot1 + Multiply(q5, four));
                four = Broadcast(activations + 24);
                (dot0, dot1) = (dot0 + Multiply(p6, four), dot1 + Multiply(q6, four));
                four = Broadcast(activations + 28);
                (dot0, dot1) = (dot0 + Multiply(p7, four), dot1 + Multiply(q7, four));

                var correction = Vector512.Create(*corrections++);
                var scale = Vector512.Create(*activationScales++);
                var offset = t * TileLayout.TileRows;
                Accumulate(sums + offset, dot0, correction, scales0 * scale);
                Accumulate(sums1 + offset, dot1, correction, scales1 * scale);
                activations += TileLayout.BlockColumns;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Unpack(byte* block, int step) => TCodes.Unpack<RowLanes512, Vector512<int>, Vector512<float>>(block, step).AsByte();

    /// <summary>The activations of four columns, for all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<sbyte> Broadcast(sbyte* activations) => Vector512.Create(*(int*)activations).AsSByte();

    /// <summary>Two sums of two products per row; those of a block fit into 16 bits, as 16·15·127 = 30,480.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Multiply(Vector512<byte> codes, Vector512<sbyte> activations) => Avx512BW.MultiplyAddAdjacent(codes, activations);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float* sums, Vector512<short> dot, Vector512<int> correction, Vector512<float> scale)
    {
        var exact = Avx512BW.MultiplyAddAdjacent(dot, Vector512<short>.One) + correction;
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(exact), scale, Vector512.Load(sums)).Store(sums);
    }
}
