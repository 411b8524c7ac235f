using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Compression;

namespace SplitActors.Inference.Tests.Quantization;

public sealed class WeightQuantizerTests
{
    /// <summary>Half a step, and what rounding the quotient to float32 may add to it.</summary>
    private const double HalfStep = 0.5 + 1e-4;

    /// <summary>Steps from the end of the levels to the largest magnitude, on the side that has one level less.</summary>
    private const double CutOff = 2;

    private const float Fp16Smallest = 1f / (1 << 24);

    [Fact]
    public void Quantize_AnyRow_StaysWithinHalfAStepUnlessCutOff() => Property.Holds(2000, QuantizationCase.Any, row =>
    {
        var weights = row.Weights();
        var (codes, scales) = Quantize(weights, row.Format);
        for (var i = 0; i < weights.Length; i++)
        {
            var step = Math.Abs((double)scales[i / row.Format.GroupSize]);
            var error = Math.Abs(Dequantize(codes, scales, row.Format, i) - weights[i]);
            var isOutermost = codes[i] == 0 || codes[i] == (2 * row.Format.ZeroCode) - 1;
            if (step == 0)
                Assert.InRange(error, 0, (row.Format.ZeroCode + 1) * Fp16Smallest / 2);
            else
                Assert.InRange(error, 0, (isOutermost && row.Format.Bits < 8 ? CutOff + HalfStep : HalfStep) * step);
        }
    });

    [Fact]
    public void Quantize_AnyRow_HasNoMoreErrorThanTheSymmetricScale() => Property.Holds(1000, QuantizationCase.Any, row =>
    {
        var weights = (row with { ColumnCount = Math.Min(row.ColumnCount, row.Format.GroupSize), Exponent = Math.Max(row.Exponent, 0) }).Weights();
        var (codes, scales) = Quantize(weights, row.Format);
        var levels = row.Format.ZeroCode - 1;
        var step = (double)(Half)(weights.Max(Math.Abs) / levels);
        double SymmetricError(float weight) => weight - (step * Math.Clamp(Math.Round(weight / step), -levels, levels));

        var error = weights.Select((weight, i) => weight - Dequantize(codes, scales, row.Format, i)).Sum(difference => difference * difference);
        Assert.InRange(error, 0, 1.0001 * weights.Sum(weight => step == 0 ? 0 : SymmetricError(weight) * SymmetricError(weight)));
    });

    [Fact]
    public void Quantize_AnyRow_PadsWithWeightZero() => Property.Holds(500, QuantizationCase.Any, row =>
    {
        var (codes, _) = Quantize(row.Weights(), row.Format);
        Assert.All(codes[row.ColumnCount..], code => Assert.Equal(row.Format.ZeroCode, code));
    });

    [Theory]
    [MemberData(nameof(QuantizationCase.Formats), MemberType = typeof(QuantizationCase))]
    public void Quantize_Zeros_HaveScaleZero(int bits, int groupSize)
    {
        var format = new WeightFormat(bits, groupSize);
        var (codes, scales) = Quantize(new float[groupSize + 1], format);
        Assert.Equal([Half.Zero, Half.Zero], scales);
        Assert.All(codes, code => Assert.Equal(format.ZeroCode, code));
    }

    [Theory]
    [MemberData(nameof(QuantizationCase.Formats), MemberType = typeof(QuantizationCase))]
    public void Quantize_BeyondFp16_GivesFiniteScaleAndOutermostCode(int bits, int groupSize)
    {
        var format = new WeightFormat(bits, groupSize);
        foreach (var huge in new[] { float.MaxValue, float.MinValue })
        {
            var (codes, scales) = Quantize([huge], format);
            Assert.True(Half.IsFinite(scales[0]));
            Assert.Equal(MathF.Sign(huge), Math.Sign((float)scales[0] * (codes[0] - format.ZeroCode)));
        }
    }

    [Fact]
    public void Quantize_8Bits_HasAnOppositeForEveryCode() => Property.Holds(500, QuantizationCase.Any, row =>
    {
        var (codes, scales) = Quantize(row.Weights(), new WeightFormat(8, row.Format.GroupSize));
        Assert.All(codes, code => Assert.InRange(code, 1, 255));
        Assert.All(scales, scale => Assert.True(scale >= Half.Zero));
    });

    [Fact]
    public void Quantize_LevelsOfAScale_AreKeptExactly()
    {
        float[] levels = [.. Enumerable.Range(-8, 16).Select(level => level * 0.25f)];
        var (codes, scales) = Quantize(levels, new WeightFormat(4));
        Assert.Equal([(Half)0.25f], scales);
        Assert.Equal(Enumerable.Range(0, 16).Select(code => (byte)code), codes[..16]);

        var (mirrored, mirroredScales) = Quantize([.. levels.Select(level => -level)], new WeightFormat(4));
        Assert.Equal([(Half)(-0.25f)], mirroredScales);
        Assert.Equal(codes, mirrored);
    }

    private static double Dequantize(byte[] codes, Half[] scales, WeightFormat format, int column) =>
        (double)scales[column / format.GroupSize] * (codes[column] - format.ZeroCode);

    private static (byte[] Codes, Half[] Scales) Quantize(float[] row, WeightFormat format)
    {
        var layout = new TileLayout(1, row.Length, format);
        var codes = new byte[layout.BlockCount * TileLayout.BlockColumns];
        var scales = new Half[layout.GroupCount];
        WeightQuantizer.Quantize(row, format, codes, scales);
        return (codes, scales);
    }
}
