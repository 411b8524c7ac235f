using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class RotaryEmbeddingTests
{
    private const float Theta = 10_000;

    public static TheoryData<int> HeadDims => [2, 4, 6, 34, 64, 96, 128];

    [Theory]
    [MemberData(nameof(HeadDims))]
    public void Rotate_AnyPosition_KeepsTheNormOfEachPair(int headDim)
    {
        var heads = KernelInputs.Floats(1, 3 * headDim);
        var turned = Rotated(heads, headDim, position: 511);
        for (var i = 0; i < heads.Length; i++)
        {
            var pair = i % headDim < headDim / 2 ? i + (headDim / 2) : i - (headDim / 2);
            Assert.Equal(double.Hypot(heads[i], heads[pair]), double.Hypot(turned[i], turned[pair]), 4 * ErrorBudget.Epsilon);
        }
    }

    [Theory]
    [MemberData(nameof(HeadDims))]
    public void Rotate_PositionZero_ChangesNothing(int headDim)
    {
        var heads = KernelInputs.Floats(2, 2 * headDim);
        Assert.Equal(heads, Rotated(heads, headDim, position: 0));
    }

    /// <summary>q·k depends on the distance of their positions alone: what makes the embedding relative.</summary>
    [Theory]
    [MemberData(nameof(HeadDims))]
    public void Rotate_QueryAndKeyShiftedTogether_KeepTheirProduct(int headDim)
    {
        var (query, key) = (KernelInputs.Floats(3, headDim), KernelInputs.Floats(4, headDim));
        var expected = Product(Rotated(query, headDim, 17), Rotated(key, headDim, 5));
        foreach (var shift in new[] { 1, 64, 400 })
        {
            var product = Product(Rotated(query, headDim, 17 + shift), Rotated(key, headDim, 5 + shift));
            Assert.Equal(expected, product, headDim * (17 + shift) * ErrorBudget.Epsilon); // an angle is off by position·ε
        }
    }

    [Fact]
    public void Rotate_KnownAngle_TurnsHalfAgainstHalf()
    {
        // D = 4, θ = 10⁴: frequencies 1 and 0.01; position 2 turns (x0, x2) by 2 and (x1, x3) by 0.02.
        var turned = Rotated([1, 1, 0, 0], headDim: 4, position: 2);
        Assert.Equal([Math.Cos(2), Math.Cos(0.02), Math.Sin(2), Math.Sin(0.02)], turned.Select(x => (double)x), Near);
    }

    [Fact]
    public void InverseFrequencies_FallFromOneToNearlyOneOverTheta()
    {
        Assert.Equal([1f, 0.1f, 0.01f, 0.001f], RotaryEmbedding.InverseFrequencies(Theta, 8));
        Assert.Equal(32, RotaryEmbedding.InverseFrequencies(Theta, 64).Length);
    }

    [Fact]
    public void SinCos_AnglesOfLongContexts_AreTheMathLibrarys()
    {
        var random = new Random(1);
        for (var i = 0; i < 500_000; i++)
        {
            var x = (float)(random.NextDouble() * Math.Pow(2, random.Next(-20, 29)));
            var (sin, cos) = Trigonometry.SinCos(x);
            Assert.Equal(Math.Sin(x), sin, Math.Pow(2, -51));
            Assert.Equal(Math.Cos(x), cos, Math.Pow(2, -51));
        }
    }

    [Theory]
    [InlineData(0.0, 0.0, 1.0)]
    [InlineData(Math.PI / 2, 1.0, 0.0)]
    [InlineData(Math.PI, 0.0, -1.0)]
    [InlineData(-Math.PI / 2, -1.0, 0.0)]
    [InlineData(3 * Math.PI / 4, 0.70710678118654752, -0.70710678118654752)]
    public void SinCos_QuarterTurns_HaveTheirQuadrants(double x, double sin, double cos)
    {
        Assert.Equal(sin, Trigonometry.SinCos(x).Sin, 1e-15);
        Assert.Equal(cos, Trigonometry.SinCos(x).Cos, 1e-15);
    }

    private static bool Near(double expected, double actual) => Math.Abs(expected - actual) <= ErrorBudget.Epsilon;

    private static double Product(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    private static float[] Rotated(float[] heads, int headDim, int position)
    {
        var table = new float[headDim];
        RotaryEmbedding.ComputeTable(position, RotaryEmbedding.InverseFrequencies(Theta, headDim), table);
        var turned = heads.ToArray();
        RotaryEmbedding.Rotate(turned, table);
        return turned;
    }
}
