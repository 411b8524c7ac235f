using System.Runtime.InteropServices;
using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Sampling;

namespace SplitActors.KernelDigest;

/// <summary>One tile of weights and the quantized activations that it meets.</summary>
internal sealed record TileOperands(TileLayout Layout, int TokenCount)
{
    private const float Guard = 12345;
    private const int GuardCount = 16;

    /// <summary>[blocks · 32] of each row of the tile</summary>
    public required byte[][] WeightCodes { get; init; }

    /// <summary>[groups] of each row</summary>
    public required Half[][] WeightScales { get; init; }

    /// <summary>[tokens][blocks · 32]</summary>
    public required sbyte[][] Codes { get; init; }

    /// <summary>[tokens][blocks]</summary>
    public required float[][] Scales { get; init; }

    /// <summary>Any codes, scales of both signs, some of them 0, and activations whose scales differ by six powers of two.</summary>
    public static TileOperands Random(TileLayout layout, int tokenCount, ulong seed)
    {
        var (draws, codeMax) = (0, ActivationQuantizer.CodeMax(layout.Format.Bits));
        return new TileOperands(layout, tokenCount)
        {
            WeightCodes = Fill(TileLayout.TileRows, layout.BlockCount * TileLayout.BlockColumns, () => (byte)Below(2 * layout.Format.ZeroCode)),
            WeightScales = Fill(TileLayout.TileRows, layout.GroupCount, () => Below(8) == 0 ? Half.Zero : (Half)((Draw() - 0.5) / 8)),
            Codes = Fill(tokenCount, layout.BlockCount * TileLayout.BlockColumns, () => (sbyte)(Below((2 * codeMax) + 1) - codeMax)),
            Scales = Fill(tokenCount, layout.BlockCount, () => (float)Math.ScaleB(Draw(), -Below(7))),
        };

        double Draw() => Philox.Uniform(seed, draws++);
        int Below(int end) => (int)(Draw() * end);
    }

    /// <summary>A token by itself.</summary>
    public TileOperands Token(int token) => this with { TokenCount = 1, Codes = [Codes[token]], Scales = [Scales[token]] };

    /// <returns>[tokens][16]</returns>
    /// <exception cref="InvalidOperationException">The kernel wrote beyond its sums.</exception>
    public unsafe float[] Run(TileKernel kernel)
    {
        var tile = new byte[Layout.TileBytes];
        for (var row = 0; row < TileLayout.TileRows; row++)
            TilePacker.PackRow(Layout, row, WeightCodes[row], WeightScales[row], tile);

        var (codes, scales, corrections) = Panel();
        var sums = new float[(TokenCount * TileLayout.TileRows) + (2 * GuardCount)];
        sums.AsSpan().Fill(Guard);
        fixed (byte* tilePointer = tile)
        fixed (sbyte* codesPointer = codes)
        fixed (float* scalesPointer = scales, sumsPointer = sums)
        fixed (int* correctionsPointer = corrections)
        {
            var panel = new ActivationPanel
            {
                TokenCount = TokenCount,
                BlockCount = Layout.BlockCount,
                Codes = codesPointer,
                Scales = scalesPointer,
                Corrections = correctionsPointer,
            };
            kernel.Compute(tilePointer, Layout, panel, sumsPointer + GuardCount);
        }

        if (sums.AsSpan(0, GuardCount).ContainsAnyExcept(Guard) || sums.AsSpan(sums.Length - GuardCount).ContainsAnyExcept(Guard))
            throw new InvalidOperationException($"{kernel.Name} wrote beyond its sums.");
        return sums[GuardCount..^GuardCount];
    }

    private static T[][] Fill<T>(int rows, int columns, Func<T> draw) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns).Select(_ => draw()).ToArray())];

    private (sbyte[] Codes, float[] Scales, int[] Corrections) Panel()
    {
        var blocks = from block in Enumerable.Range(0, Layout.BlockCount)
                     from token in Enumerable.Range(0, TokenCount)
                     select (Codes: Codes[token].AsMemory(block * TileLayout.BlockColumns, TileLayout.BlockColumns), Scale: Scales[token][block]);
        var panel = blocks.ToArray();
        return (
            [.. panel.SelectMany(block => block.Codes.ToArray())],
            [.. panel.Select(block => block.Scale)],
            [.. panel.Select(block => -Layout.Format.ZeroCode * MemoryMarshal.ToEnumerable<sbyte>(block.Codes).Sum(code => code))]);
    }
}
