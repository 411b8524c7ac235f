using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

public class TokenwiseQuantizerTests
{
    [Fact]
    public void Quantize_AnyRow_MatchesAlgorithm1WrittenPlainly() =>
        Property.Holds(400, HiddenCase.Gen, sample =>
        {
            var quantizer = new TokenwiseQuantizer(sample.Options);
            var magnitudes = new float[sample.Width];
            var levels = new byte[sample.Width];
            foreach (var row in sample.Values().Chunk(sample.Width))
            {
                var split = ThresholdSplitter.Split(row, ThresholdSplitter.MagnitudeFor(sample.Options.Threshold, row), magnitudes, new int[sample.Width]);
                var (expected, expectedLevels) = Algorithm1(magnitudes, sample.Options);
                Assert.Equal(expected, quantizer.Quantize(magnitudes, split.Min, split.Max, levels));
                Assert.Equal(expectedLevels, levels.Select(level => (int)level));
            }
        });

    [Fact]
    public void Quantize_ZeroTolerance_StaysAtBitsMax()
    {
        var magnitudes = Enumerable.Range(0, 32).Select(i => i / 3f).ToArray();
        Assert.Equal(5, new TokenwiseQuantizer(new TabqOptions(null, 0, 5, 2)).Quantize(magnitudes, 0, 31 / 3f, new byte[32]).Bits);
    }

    [Fact]
    public void Quantize_LargeTolerance_StopsAtBitsMin()
    {
        var magnitudes = Enumerable.Range(0, 32).Select(i => i / 3f).ToArray();
        Assert.Equal(3, new TokenwiseQuantizer(new TabqOptions(null, 100, 8, 3)).Quantize(magnitudes, 0, 31 / 3f, new byte[32]).Bits);
    }

    [Fact]
    public void Quantize_OneMagnitude_IsConstantWhateverTheBits()
    {
        var levels = new byte[3];
        Assert.Equal(QuantizationGrid.Constant(0.3f), new TokenwiseQuantizer(new TabqOptions()).Quantize([0.3f, 0.3f, 0.3f], 0.3f, 0.3f, levels));
        Assert.Equal(QuantizationGrid.Constant(0), new TokenwiseQuantizer(new TabqOptions()).Quantize([0, 0, 0], 0, 0, levels));
    }

    private static (QuantizationGrid Grid, int[] Levels) Algorithm1(float[] magnitudes, TabqOptions options)
    {
        if (magnitudes.Min() == magnitudes.Max())
            return (QuantizationGrid.Constant(magnitudes[0]), new int[magnitudes.Length]);
        var initial = Aiq(magnitudes, options.BitsMax);
        var best = initial;
        for (var bits = options.BitsMax - 1; bits >= options.BitsMin; bits--)
        {
            var reduced = Aiq(magnitudes, bits);
            var divisor = Math.Pow(2, options.BitsMax - bits);
            var distortion = initial.Levels.Zip(reduced.Levels, (t0, t) => Math.Abs(Math.Floor(t0 / divisor) - t)).Average();
            if (distortion > options.DistortionTolerance)
                break;
            best = reduced;
        }

        return best;
    }

    private static (QuantizationGrid Grid, int[] Levels) Aiq(float[] magnitudes, int bits)
    {
        var levelMax = (float)(Math.Pow(2, bits - 1) - 1);
        var exact = Math.Max((magnitudes.Max() - magnitudes.Min()) / levelMax, float.Epsilon);
        var zeroPoint = 0.0;
        var scale = RoundUp(exact, droppedBits: 20);
        if (scale is < 0.00219726562f or > 120 || Math.Round((double)(magnitudes.Min() / scale), MidpointRounding.ToEven) != 0)
        {
            scale = RoundUp(exact, droppedBits: 16);
            zeroPoint = Math.Round((double)(-magnitudes.Min() / scale), MidpointRounding.ToEven);
        }

        var levels = magnitudes.Select(x => (int)Math.Clamp(Math.Round((double)(x / scale), MidpointRounding.ToEven) + zeroPoint, 0, levelMax));
        return (new QuantizationGrid(bits, scale, (int)zeroPoint), levels.ToArray());
    }

    private static float RoundUp(float exact, int droppedBits)
    {
        var scale = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(exact) & ~((1u << droppedBits) - 1));
        return scale < exact ? BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(scale) + (1u << droppedBits)) : scale;
    }
}
