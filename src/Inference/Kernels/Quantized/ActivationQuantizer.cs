using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>
/// Activations to int8, each block of 32 columns with its own scale: <c>scale = max|x|/m</c>, <c>code = round(x·m/max|x|)</c>, ties to even,
/// where m is 127, or 64 before 8-bit weights, whose sums of two products then fit into an int16 (docs/adr/0003).
/// A value that is not finite makes its block's scale NaN, so that it cannot pass for a number.
/// </summary>
internal static unsafe class ActivationQuantizer
{
    private const int BlockColumns = TileLayout.BlockColumns;

    /// <summary>Of each token in turn: what is written of them stays in the first cache until all tokens have their part of its lines.</summary>
    private const int BlocksAtOnce = 4;

    private const int MagnitudeBits = 0x7FFFFFFF;

    /// <summary>Below it m/max would overflow; such a block counts as zero.</summary>
    private const float MagnitudeMin = 1e-30f;

    /// <summary>1.5·2^23: adding it leaves the rounded number in the low bits of the sum.</summary>
    private const float RoundingShift = 12582912f;

    /// <summary>m of activations that meet weights of this width.</summary>
    public static int CodeMax(int weightBits) => weightBits == 8 ? 64 : 127;

    /// <summary>Quantizes all blocks of a panel.</summary>
    public static void Quantize(float* x, int columnCount, WeightFormat weights, in ActivationPanel panel) =>
        Quantize(x, columnCount, weights, in panel, Range.All);

    /// <param name="x">[tokens, columns] of the panel's tokens</param>
    /// <param name="columnCount">Columns; the last block is padded with zeros.</param>
    /// <param name="weights">Of the matrices that the activations will meet.</param>
    /// <param name="panel">Written.</param>
    /// <param name="blocks">Which blocks, of all of the panel's tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Quantize(float* x, int columnCount, WeightFormat weights, in ActivationPanel panel, Range blocks)
    {
        var codeMax = CodeMax(weights.Bits);
        var (firstBlock, endBlock) = (blocks.Start.GetOffset(panel.BlockCount), blocks.End.GetOffset(panel.BlockCount));
        float* padded = stackalloc float[BlockColumns];
        for (var first = firstBlock; first < endBlock; first += BlocksAtOnce)
        {
            var end = Math.Min(first + BlocksAtOnce, endBlock);
            for (var t = 0; t < panel.TokenCount; t++)
            {
                var row = x + ((nint)t * columnCount);
                for (var b = first; b < end; b++)
                {
                    var block = row + (b * BlockColumns);
                    if ((b + 1) * BlockColumns > columnCount)
                        block = Pad(block, columnCount - (b * BlockColumns), padded);
                    QuantizeBlock(block, codeMax, weights.ZeroCode, in panel, (b * panel.TokenCount) + t);
                }
            }
        }
    }

    /// <summary>The scalar reference: the same bits, of a whole panel.</summary>
    public static void QuantizeScalar(float* x, int columnCount, WeightFormat weights, in ActivationPanel panel)
    {
        var codeMax = CodeMax(weights.Bits);
        for (var t = 0; t < panel.TokenCount; t++)
        {
            for (var b = 0; b < panel.BlockCount; b++)
            {
                var block = new ReadOnlySpan<float>(x + ((nint)t * columnCount) + (b * BlockColumns), Math.Min(BlockColumns, columnCount - (b * BlockColumns)));
                var index = (b * panel.TokenCount) + t;
                var codes = new Span<sbyte>(panel.Codes + ((nint)index * BlockColumns), BlockColumns);
                codes.Clear();
                var max = 0f;
                foreach (var value in block)
                    max = MathF.Max(max, MathF.Abs(value));
                var sum = 0;
                for (var i = 0; i < block.Length && max is >= MagnitudeMin and < float.PositiveInfinity; i++)
                {
                    codes[i] = (sbyte)Math.Round((double)block[i] * (codeMax / max), MidpointRounding.ToEven);
                    sum += codes[i];
                }

                panel.Scales[index] = ScaleOf(max, codeMax);
                panel.Corrections[index] = -weights.ZeroCode * sum;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void QuantizeBlock(float* block, int codeMax, int zeroCode, in ActivationPanel panel, int index)
    {
        var (x0, x1) = (Vector512.Load(block), Vector512.Load(block + 16));
        var max = Max(x0.AsInt32() & Vector512.Create(MagnitudeBits), x1.AsInt32() & Vector512.Create(MagnitudeBits));
        var codes = panel.Codes + ((nint)index * BlockColumns);
        panel.Scales[index] = ScaleOf(max, codeMax);
        if (max is not (>= MagnitudeMin and < float.PositiveInfinity))
        {
            Vector256<sbyte>.Zero.Store(codes);
            panel.Corrections[index] = 0;
            return;
        }

        var factor = Vector512.Create(codeMax / max);
        var q0 = Round(x0, factor);
        var q1 = Round(x1, factor);
        panel.Corrections[index] = -zeroCode * Vector512.Sum(q0 + q1);
        var shorts = Vector512.Narrow(q0, q1);
        Vector256.Narrow(shorts.GetLower(), shorts.GetUpper()).Store(codes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Round(Vector512<float> x, Vector512<float> factor)
    {
        var shifted = Vector512.FusedMultiplyAdd(x, factor, Vector512.Create(RoundingShift));
        return shifted.AsInt32() - Vector512.Create(RoundingShift).AsInt32();
    }

    /// <summary>Of the bits of magnitudes, which are ordered as these are, with infinity and NaN above all numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Max(Vector512<int> x0, Vector512<int> x1)
    {
        var sixteen = Vector512.Max(x0, x1);
        var eight = Vector256.Max(sixteen.GetLower(), sixteen.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        var two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return BitConverter.Int32BitsToSingle(Math.Max(two.ToScalar(), two.GetElement(1)));
    }

    /// <summary>0 for a block that counts as zero, NaN for one that holds an infinity or NaN.</summary>
    private static float ScaleOf(float max, int codeMax) => max switch
    {
        < MagnitudeMin => 0f,
        < float.PositiveInfinity => max / codeMax,
        _ => float.NaN,
    };

    private static float* Pad(float* block, int count, float* padded)
    {
        new Span<float>(padded, BlockColumns).Clear();
        new ReadOnlySpan<float>(block, count).CopyTo(new Span<float>(padded, count));
        return padded;
    }
}
