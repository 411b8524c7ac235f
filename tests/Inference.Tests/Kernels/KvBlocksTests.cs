using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class KvBlocksTests
{
    private const float HalfMax = 65504;

    [Fact]
    public unsafe void HalfVector_EveryPattern_EqualsScalarOrIsLarge()
    {
        var patterns = Enumerable.Range(0, 1 << 16).Select(bits => (short)bits).ToArray();
        fixed (short* source = patterns)
        {
            for (var i = 0; i < patterns.Length; i += 16)
            {
                var simd = HalfVector.Load(source + i);
                for (var lane = 0; lane < 16; lane++)
                {
                    var scalar = (float)BitConverter.Int16BitsToHalf(patterns[i + lane]);
                    if (float.IsFinite(scalar))
                        Assert.Equal(BitConverter.SingleToInt32Bits(scalar), BitConverter.SingleToInt32Bits(simd[lane]));
                    else
                        Assert.InRange(MathF.Abs(simd[lane]), 65536, 131008);
                }
            }
        }
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(65504f, 65504f)]
    [InlineData(65520f, 65504f)] // would round to infinity
    [InlineData(-1e30f, -65504f)]
    [InlineData(float.PositiveInfinity, 65504f)]
    [InlineData(float.NegativeInfinity, -65504f)]
    [InlineData(float.NaN, float.NaN)]
    public void Saturate_AnyValue_IsNeverInfinite(float value, float expected) => Assert.Equal(expected, (float)HalfVector.Saturate(value));

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public unsafe void Grid_RandomHeads_StayWithinTheErrorBound(int bits)
    {
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var (magnitude, shift) = (MathF.Pow(10, (12 * random.NextSingle()) - 7), seed % 3 == 0 ? 0 : MathF.Pow(10, (8 * random.NextSingle()) - 4));
            var x = KernelInputs.Floats(seed, 36, magnitude).Select(value => value + shift).ToArray();
            var decoded = bits == 8 ? RoundTrip<Int8Block>(x) : RoundTrip<Int4Block>(x);
            var clamped = x.Select(HalfVector.Clamp).ToArray();
            var largest = clamped.Max(Math.Abs);
            var grid = KvGrid.Fit(x, bits);
            var range = clamped.Max() - (double)clamped.Min();
            var scaleMax = ((1 + Math.Pow(2, -10)) * (range + (Math.Pow(2, -10) * Math.Abs(clamped.Min())) + Math.Pow(2, -24)) / ((1 << bits) - 1)) + Math.Pow(2, -24);
            Assert.InRange((double)grid.Scale, 0, scaleMax);
            for (var i = 0; i < x.Length; i++)
                ErrorBudget.AssertWithin(clamped[i], decoded[i], ((double)grid.Scale / 2) + (Math.Pow(2, -21) * largest), $"seed {seed}, element {i}");
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(-3.25f)]
    [InlineData(HalfMax)]
    [InlineData(-HalfMax)]
    public void Grid_EqualHalves_AreExact(float value)
    {
        var x = Enumerable.Repeat(value, 6).ToArray();
        Assert.Equal(x, RoundTrip<Int8Block>(x));
        Assert.Equal(x, RoundTrip<Int4Block>(x));
    }

    [Fact]
    public void Grid_InfinityAndHugeValues_Saturate()
    {
        float[] x = [float.NegativeInfinity, 3e38f, 0, 1];
        Assert.All(RoundTrip<Int8Block>(x), value => Assert.InRange(value, -HalfMax, 1.001f * HalfMax));
        Assert.All(RoundTrip<Float16Block>(x), value => Assert.InRange(value, -HalfMax, HalfMax));
        Assert.Equal(x, RoundTrip<Float32Block>(x));
    }

    [Fact]
    public void Write_NaN_StaysNaNOrBecomesLarge()
    {
        float[] x = [1, float.NaN, 2, 3];
        Assert.All(RoundTrip<Int8Block>(x), value => Assert.Equal(float.NaN, value));
        Assert.All(RoundTrip<Int4Block>(x), value => Assert.Equal(float.NaN, value));
        Assert.Equal(x, RoundTrip<Float32Block>(x));
        Assert.Equal([1, 98304, 2, 3], RoundTrip<Float16Block>(x).Select(MathF.Abs));
    }

    [Fact]
    public void Write_OneSlot_LeavesTheOthers()
    {
        AssertLeavesOthers<Float32Block>();
        AssertLeavesOthers<Float16Block>();
        AssertLeavesOthers<Int8Block>();
        AssertLeavesOthers<Int4Block>();
    }

    private static void AssertLeavesOthers<TBlock>()
        where TBlock : struct, IKvBlock
    {
        const int Width = 10;
        var rows = Enumerable.Range(0, 16).Select(slot => KernelInputs.Floats(slot, Width, 1 + slot)).ToArray();
        foreach (var isKey in new[] { true, false })
        {
            var block = new byte[TBlock.ByteCount(Width) + 64];
            block.AsSpan().Fill(0xA5);
            foreach (var slot in Enumerable.Range(0, 16).OrderBy(slot => slot * 7 % 16))
                Write<TBlock>(block, slot, rows[slot], isKey);
            for (var slot = 0; slot < 16; slot++)
                BitAssert.Equal(RoundTrip<TBlock>(rows[slot]), Read<TBlock>(block, slot, Width, isKey));
        }
    }

    private static float[] RoundTrip<TBlock>(float[] x)
        where TBlock : struct, IKvBlock
    {
        var block = new byte[TBlock.ByteCount(x.Length) + 64];
        Write<TBlock>(block, 5, x, isKey: true);
        return Read<TBlock>(block, 5, x.Length, isKey: true);
    }

    private static unsafe void Write<TBlock>(byte[] block, int slot, float[] x, bool isKey)
        where TBlock : struct, IKvBlock
    {
        fixed (byte* p = block)
            TBlock.Write(p, slot, isKey ? slot : slot * x.Length, isKey ? 16 : 1, x);
    }

    private static unsafe float[] Read<TBlock>(byte[] block, int slot, int width, bool isKey)
        where TBlock : struct, IKvBlock
    {
        var widened = new float[(16 * width) + 16];
        fixed (byte* p = block)
        fixed (float* w = widened)
        {
            if (isKey)
                AttentionScores.Widen<TBlock>(p, width, w);
            else
                AttentionSums<TBlock>.Widen(p, width, 16, w);
        }

        return [.. Enumerable.Range(0, width).Select(i => widened[isKey ? (i * 16) + slot : (slot * width) + i])];
    }
}
