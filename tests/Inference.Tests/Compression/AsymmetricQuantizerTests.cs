using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class AsymmetricQuantizerTests
{
    [Fact]
    public void Fit_FromZero_HasZeroPointZeroAndCoversMax()
    {
        var grid = AsymmetricQuantizer.Fit(0, 7, 4);
        Assert.Equal(new QuantizationGrid(4, 1, 0), grid);
        var levels = new byte[5];
        AsymmetricQuantizer.Quantize([0, 0.4f, 0.6f, 2.5f, 7], grid, levels);
        Assert.Equal([0, 0, 1, 2, 7], levels);  // ties go to even
    }

    [Fact]
    public void Fit_FarFromZero_ShiftsByTheZeroPoint()
    {
        var grid = AsymmetricQuantizer.Fit(10, 17, 4);
        Assert.Equal(new QuantizationGrid(4, 1, -10), grid);
        Assert.Equal(10, grid.Dequantize(grid.SymbolOf(0, isNegative: false)));
        Assert.Equal(-17, grid.Dequantize(grid.SymbolOf(7, isNegative: true)));
    }

    [Theory]
    [InlineData(0f, 1.0039f)]
    [InlineData(0f, 3e-45f)]
    [InlineData(1e30f, 1.0000002e30f)]
    [InlineData(0f, 8e37f)]
    public void Quantize_Extremes_StayWithinHalfAStep(float min, float max)
    {
        for (var bits = TabqOptions.BitsLowest; bits <= TabqOptions.BitsHighest; bits++)
        {
            var grid = AsymmetricQuantizer.Fit(min, max, bits);
            float[] magnitudes = [min, max, min + ((max - min) / 2), min + ((max - min) / 3)];
            var levels = new byte[magnitudes.Length];
            AsymmetricQuantizer.Quantize(magnitudes, grid, levels);
            for (var i = 0; i < levels.Length; i++)
                Assert.InRange((double)grid.Dequantize(grid.SymbolOf(levels[i], false)), ErrorBound.Low(magnitudes[i], grid.Scale), ErrorBound.High(magnitudes[i], grid.Scale));
        }
    }

    [Fact]
    public void RoundUp_AnyPositiveFloat_IsTheNextBfloat16()
    {
        foreach (var value in new[] { float.Epsilon, 1f, MathF.BitIncrement(1f), 3.1415927f, 1e-39f, 8.5e37f })
        {
            var rounded = Bfloat16.RoundUp(value);
            Assert.InRange((double)rounded, value, (value * (1 + Math.Pow(2, -7))) + Math.Pow(2, -133));
            Assert.Equal(rounded, Bfloat16.FromBits(Bfloat16.ToBits(rounded)));
        }
    }
}
