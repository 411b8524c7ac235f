using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class VectorMathTests
{
    [Fact]
    public void Exp_OverItsWholeRange_StaysWithinTheErrorBudget()
    {
        const int Count = 2_000_000;
        var x = new float[Count + 1];
        for (var i = 0; i <= Count; i++)
            x[i] = (float)(-87 + (175.0 * i / Count));
        AssertExp(x);
    }

    [Fact]
    public void Exp_NearZeroAndAtTheEdgesOfReduction_StaysWithinTheErrorBudget()
    {
        var edges = Enumerable.Range(-125, 252).Select(n => (float)((n + 0.5) * Math.Log(2)));
        var small = Enumerable.Range(0, 150).Select(i => MathF.ScaleB(1, -i));
        AssertExp([0f, -0f, 87f, -87f, 88f, .. edges.SelectMany(Neighbours), .. small, .. small.Select(x => -x)]);
    }

    [Theory]
    [InlineData(-88f, -87f)]
    [InlineData(-1e30f, -87f)]
    [InlineData(float.MinValue, -87f)]
    [InlineData(float.NegativeInfinity, -87f)]
    [InlineData(88.7f, 88f)]
    [InlineData(float.MaxValue, 88f)]
    [InlineData(float.PositiveInfinity, 88f)]
    public void Exp_OutsideOfItsRange_IsTheNearestInside(float x, float clamped)
    {
        Assert.Equal(VectorMath.Exp(clamped), VectorMath.Exp(x));
        Assert.True(float.IsNormal(VectorMath.Exp(x)) && float.IsFinite(VectorMath.Exp(x)));
    }

    [Fact]
    public void Exp_NaN_IsNaNInItsLaneOnly()
    {
        var x = new float[17];
        x[3] = x[16] = float.NaN;
        VectorMath.Exp(x);
        for (var i = 0; i < x.Length; i++)
            Assert.Equal(i is 3 or 16 ? float.NaN : 1f, x[i]);
    }

    [Fact]
    public void Exp_Zero_IsExactlyOne()
    {
        Assert.Equal(1f, VectorMath.Exp(0f));
        Assert.Equal(1f, VectorMath.Exp(-0f));
    }

    /// <summary>Two neighbours may swap by rounding, by no more than the error of both.</summary>
    [Fact]
    public void Exp_OfNeighbours_NeverFallsByMoreThanItsError()
    {
        var worst = 0.0;
        for (var start = -87f; start < 87; start += 0.37f)
        {
            var (x, previous) = (start, VectorMath.Exp(start));
            for (var step = 0; step < 1000; step++)
            {
                x = MathF.BitIncrement(x);
                var y = VectorMath.Exp(x);
                worst = Math.Max(worst, (previous - (double)y) / y);
                previous = y;
            }
        }

        Assert.InRange(worst, 0, 2 * ErrorBudget.Exp);
    }

    [Fact]
    public void Exp_OfASpan_HasTheBitsOfEachElementAlone()
    {
        var x = KernelInputs.Floats(1, 77, magnitude: 90);
        var expected = x.Select(VectorMath.Exp).ToArray();
        VectorMath.Exp(x.AsSpan());
        BitAssert.Equal(expected, x);
    }

    private static void AssertExp(float[] x)
    {
        var y = x.ToArray();
        VectorMath.Exp(y.AsSpan());
        for (var i = 0; i < x.Length; i++)
        {
            var expected = Math.Exp(x[i]);
            if (!(Math.Abs(y[i] - expected) <= ErrorBudget.Exp * expected))
                Assert.Fail($"e^{x[i]:r}: expected {expected:r}, found {y[i]:r}.");
        }
    }

    private static float[] Neighbours(float x) => [MathF.BitDecrement(x), x, MathF.BitIncrement(x)];
}
