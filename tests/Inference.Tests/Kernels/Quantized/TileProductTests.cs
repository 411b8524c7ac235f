using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Quantization;
using SplitActors.KernelDigest;

namespace SplitActors.Inference.Tests.Kernels.Quantized;

/// <summary>Every register width that this CPU has; <see cref="InstructionSetTests"/> covers CPUs that have fewer.</summary>
public sealed class TileProductTests
{
    private static readonly int[] Widths = [1, 32, 33, 64, 96, 100, 128, 130, 160, 352];
    private static readonly int[] TokenCounts = [1, 2, 3, 8, 63, 64];

    public static TheoryData<int, int> Formats => QuantizationCase.Formats;

    [Theory]
    [MemberData(nameof(Formats))]
    public void Compute_AnyWidthAndTokens_HasTheBitsOfTheScalarReference(int bits, int groupSize)
    {
        foreach (var width in Widths)
        {
            var layout = new TileLayout(TileLayout.TileRows, width, new WeightFormat(bits, groupSize));
            foreach (var tokenCount in TokenCounts)
                AssertScalarBits(TileOperands.Random(layout, tokenCount, seed: (ulong)(width + tokenCount)));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Compute_TokenOfAPanel_HasTheBitsOfTheTokenAlone(int bits, int groupSize)
    {
        var layout = new TileLayout(TileLayout.TileRows, 352, new WeightFormat(bits, groupSize));
        foreach (var tokenCount in TokenCounts)
        {
            var operands = TileOperands.Random(layout, tokenCount, seed: 5);
            foreach (var kernel in TileKernel.For(bits))
            {
                var sums = operands.Run(kernel);
                foreach (var token in new[] { 0, tokenCount / 2, tokenCount - 1 })
                    BitAssert.Equal(operands.Token(token).Run(kernel), sums.AsSpan(token * TileLayout.TileRows, TileLayout.TileRows));
            }
        }
    }

    /// <summary>The largest sums that an int16 must hold: 16·15·127, and 2·255·64 for 8 bits.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public void Compute_CodesAtTheirEnds_AddWithoutOverflow(int bits, int groupSize)
    {
        var layout = new TileLayout(TileLayout.TileRows, 64, new WeightFormat(bits, groupSize));
        var codeMax = ActivationQuantizer.CodeMax(bits);
        foreach (var weight in new[] { 0, (2 * layout.Format.ZeroCode) - 1 })
        {
            foreach (var activation in new[] { codeMax, -codeMax })
            {
                var expected = 64f * (weight - layout.Format.ZeroCode) * activation; // below 2^24: exact
                foreach (var tokenCount in new[] { 1, 3 })
                {
                    var operands = Constant(layout, tokenCount, (byte)weight, (sbyte)activation, Half.One, 1f);
                    foreach (var kernel in TileKernel.For(bits))
                        Assert.All(operands.Run(kernel), sum => Assert.Equal(expected, sum));
                }
            }
        }
    }

    [Theory]
    [InlineData(0x0001)] // the smallest subnormal
    [InlineData(0x8001)]
    [InlineData(0x03ff)] // the largest
    [InlineData(0x83ff)]
    [InlineData(0x0400)] // the smallest normal
    [InlineData(0x0000)]
    [InlineData(0x8000)]
    [InlineData(0x7bff)] // 65504
    [InlineData(0xfbff)]
    public void Compute_EveryKindOfScale_IsExact(int scaleBits)
    {
        var scale = BitConverter.UInt16BitsToHalf((ushort)scaleBits);
        foreach (var bits in WeightFormat.SupportedBits[1..])
        {
            var layout = new TileLayout(TileLayout.TileRows, 32, new WeightFormat(bits));
            var operands = Constant(layout, tokenCount: 2, weight: 0, activation: 1, scale, 0.5f);
            var expected = -32 * layout.Format.ZeroCode * ((float)scale * 0.5f);
            foreach (var kernel in TileKernel.For(bits))
                Assert.All(operands.Run(kernel), sum => Assert.Equal(expected, sum));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Compute_ActivationScaleNaN_MakesThatTokenNaNAndNoOther(int bits, int groupSize)
    {
        var layout = new TileLayout(TileLayout.TileRows, 96, new WeightFormat(bits, groupSize));
        var operands = TileOperands.Random(layout, tokenCount: 3, seed: 1);
        operands.Scales[1][2] = float.NaN;
        foreach (var kernel in TileKernel.For(bits))
            Assert.Equal(Enumerable.Range(0, 48).Select(i => i / TileLayout.TileRows == 1), operands.Run(kernel).Select(float.IsNaN));
    }

    [Fact]
    public unsafe void For_UnquantizedBits_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => (nint)TileProducts.For(16));

    private static void AssertScalarBits(TileOperands operands)
    {
        var expected = operands.Run(TileKernel.Scalar);
        foreach (var kernel in TileKernel.For(operands.Layout.Format.Bits))
            BitAssert.Equal(expected, operands.Run(kernel));
    }

    private static TileOperands Constant(TileLayout layout, int tokenCount, byte weight, sbyte activation, Half weightScale, float activationScale)
    {
        var columns = layout.BlockCount * TileLayout.BlockColumns;
        return new TileOperands(layout, tokenCount)
        {
            WeightCodes = Rows(TileLayout.TileRows, columns, weight),
            WeightScales = Rows(TileLayout.TileRows, layout.GroupCount, weightScale),
            Codes = Rows(tokenCount, columns, activation),
            Scales = Rows(tokenCount, layout.BlockCount, activationScale),
        };
    }

    private static T[][] Rows<T>(int rows, int columns, T value) => [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Repeat(value, columns).ToArray())];
}
