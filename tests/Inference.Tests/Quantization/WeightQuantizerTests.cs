using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Compression;

namespace SplitActors.Inference.Tests.Quantization;

public sealed class WeightQuantizerTests
{
    /// <summary>Half a step, and what rounding the quotient to float32 may add to it.</summary>
    private const double HalfStep = 0.5 + 1e-4;

    private const float Fp16Smallest = 1f / (1 << 24);

    [Fact]
    public void Quantize_AnyRow_StaysWithinHalfAStepUnlessCutOff() => Property.Holds(2000, QuantizationCase.Any, row =>
    {
        var weights = row.Weights();
        var (codes, scales) = Quantize(weights, row.Format);
        for (var i = 0; i < weights.Length; i++)
        {
            var step = (double)scales[i / row.Format.GroupSize];
            var error = Math.Abs(weights[i] - (step * (codes[i] - row.Format.ZeroCode)));
            if (step == 0)
                Assert.InRange(Math.Abs(weights[i]), 0, row.Format.ZeroCode * Fp16Smallest / 2);
            else if (row.Format.Bits == 8 || codes[i] < (2 * row.Format.ZeroCode) - 1)
                Assert.InRange(error, 0, HalfStep * Math.Abs(step));
            else
                Assert.InRange(error, 0, (1 + HalfStep) * Math.Abs(step)); // the last code: the far end may be cut off
        }
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

    private static (byte[] Codes, Half[] Scales) Quantize(float[] row, WeightFormat format)
    {
        var layout = new TileLayout(1, row.Length, format);
        var codes = new byte[layout.BlockCount * TileLayout.BlockColumns];
        var scales = new Half[layout.GroupCount];
        WeightQuantizer.Quantize(row, format, codes, scales);
        return (codes, scales);
    }
}
