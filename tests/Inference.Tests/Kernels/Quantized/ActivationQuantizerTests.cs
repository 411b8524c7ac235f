using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Quantization;
using SplitActors.KernelDigest;

namespace SplitActors.Inference.Tests.Kernels.Quantized;

public sealed class ActivationQuantizerTests
{
    private const int BlockColumns = TileLayout.BlockColumns;

    public static TheoryData<int> Bits => [8, 4, 3, 2];

    [Theory]
    [MemberData(nameof(Bits))]
    public void Quantize_AnySize_HasTheBitsOfTheScalarReference(int bits)
    {
        foreach (var width in new[] { 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 352 })
        {
            foreach (var tokenCount in new[] { 1, 2, 3, 63, 64 })
            {
                var x = KernelInputs.Floats(width + tokenCount, tokenCount * width, magnitude: 30);
                x[^1] = 0;
                AssertScalarBits(x, tokenCount, new WeightFormat(bits));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Bits))]
    public void Quantize_EveryMagnitude_HasTheBitsOfTheScalarReference(int bits)
    {
        for (var exponent = -149; exponent <= 127; exponent++)
            AssertScalarBits([.. KernelInputs.Floats(exponent, 70).Select(value => MathF.ScaleB(value, exponent))], tokenCount: 2, new WeightFormat(bits));
    }

    [Theory]
    [MemberData(nameof(Bits))]
    public void Quantize_FiniteValues_AreOffByAtMostHalfAStep(int bits)
    {
        const int Width = 200, TokenCount = 5;
        var x = KernelInputs.Floats(1, TokenCount * Width, magnitude: 7);
        var panel = PanelValues.Quantize(x, TokenCount, new WeightFormat(bits));
        for (var token = 0; token < TokenCount; token++)
        {
            for (var column = 0; column < Width; column++)
            {
                var (code, scale) = (panel.Code(token, column), panel.Scale(token, column));
                var halfAStep = scale / 2 * (1 + (4 * ErrorBudget.Epsilon)); // scale and factor are rounded themselves
                ErrorBudget.AssertWithin(x[(token * Width) + column], (double)code * scale, halfAStep, $"x[{token}, {column}]");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Bits))]
    public void Quantize_LargestMagnitude_GetsTheLastCodeOfItsSign(int bits)
    {
        var codeMax = ActivationQuantizer.CodeMax(bits);
        float[] x = [.. Enumerable.Repeat(0.1f, 32), .. Enumerable.Repeat(0.1f, 32)];
        (x[3], x[40]) = (-9.7f, 1e30f);
        var panel = PanelValues.Quantize(x, tokenCount: 1, new WeightFormat(bits));
        Assert.Equal((-codeMax, codeMax), (panel.Code(0, 3), panel.Code(0, 40)));
        Assert.Equal((9.7f / codeMax, 1e30f / codeMax), (panel.Scale(0, 3), panel.Scale(0, 40)));
    }

    [Theory]
    [MemberData(nameof(Bits))]
    public void Quantize_Halves_RoundToTheEvenCode(int bits)
    {
        float[] x = [ActivationQuantizer.CodeMax(bits), 0.5f, 1.5f, 2.5f, 3.5f, -0.5f, -1.5f, -2.5f, -3.5f]; // scale 1
        var panel = PanelValues.Quantize(x, tokenCount: 1, new WeightFormat(bits));
        Assert.Equal([0, 2, 2, 4, 0, -2, -2, -4], Enumerable.Range(1, 8).Select(column => panel.Code(0, column)));
    }

    [Theory]
    [MemberData(nameof(Bits))]
    public void Quantize_Corrections_AreMinusZeroTimesTheSumOfCodes(int bits)
    {
        const int Width = 100, TokenCount = 3;
        var format = new WeightFormat(bits);
        var panel = PanelValues.Quantize(KernelInputs.Floats(2, TokenCount * Width), TokenCount, format);
        for (var token = 0; token < TokenCount; token++)
        {
            for (var column = 0; column < Width; column += BlockColumns)
            {
                var sum = Enumerable.Range(column, BlockColumns).Sum(k => panel.Code(token, k));
                Assert.Equal(-format.ZeroCode * sum, panel.Correction(token, column));
            }
        }
    }

    [Fact]
    public void Quantize_CutOffBlock_EndsInZeroCodes()
    {
        const int Width = 40;
        float[] x = [.. Enumerable.Repeat(1f, Width), .. Enumerable.Repeat(2f, Width)]; // what follows a row is the next row
        var panel = PanelValues.Quantize(x, tokenCount: 2, new WeightFormat(4));
        Assert.All(Enumerable.Range(Width, 64 - Width), column => Assert.Equal(0, panel.Code(0, column)));
        Assert.Equal(1f / 127, panel.Scale(0, Width));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Quantize_NotFinite_MakesTheScaleOfItsBlockNaN(float value)
    {
        foreach (var column in new[] { 0, 15, 16, 31 })
        {
            foreach (var bits in new[] { 8, 4, 3, 2 })
            {
                var x = KernelInputs.Floats(3, 96);
                x[32 + column] = value;
                AssertScalarBits(x, tokenCount: 1, new WeightFormat(bits));
                var panel = PanelValues.Quantize(x, tokenCount: 1, new WeightFormat(bits));
                Assert.Equal((false, true, false), (float.IsNaN(panel.Scale(0, 0)), float.IsNaN(panel.Scale(0, 32)), float.IsNaN(panel.Scale(0, 64))));
                Assert.All(Enumerable.Range(32, BlockColumns), k => Assert.Equal(0, panel.Code(0, k)));
                Assert.Equal(0, panel.Correction(0, 32));
            }
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(-1e-31f)]
    [InlineData(1e-45f)]
    [InlineData(9.9e-31f)]
    public void Quantize_TinyBlock_CountsAsZero(float magnitude)
    {
        var panel = PanelValues.Quantize([.. Enumerable.Repeat(magnitude, BlockColumns)], tokenCount: 1, new WeightFormat(8));
        Assert.Equal((0f, 0), (panel.Scale(0, 0), panel.Correction(0, 0)));
        Assert.All(Enumerable.Range(0, BlockColumns), column => Assert.Equal(0, panel.Code(0, column)));
    }

    private static void AssertScalarBits(float[] x, int tokenCount, WeightFormat format)
    {
        var (expected, actual) = (PanelValues.QuantizeScalar(x, tokenCount, format), PanelValues.Quantize(x, tokenCount, format));
        Assert.Equal(expected.Codes, actual.Codes);
        Assert.Equal(expected.Corrections, actual.Corrections);
        BitAssert.Equal(expected.Scales, actual.Scales);
    }
}
