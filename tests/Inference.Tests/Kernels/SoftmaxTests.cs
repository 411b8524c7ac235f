using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class SoftmaxTests
{
    public static TheoryData<int> Widths => KernelInputs.Widths;

    [Theory]
    [MemberData(nameof(Widths))]
    public void Apply_RandomScores_StaysWithinTheErrorBudget(int width)
    {
        foreach (var magnitude in new[] { 1e-6f, 1f, 20f, 500f, 1e30f })
            AssertMatchesScalar(KernelInputs.Floats(width, width, magnitude));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Apply_EqualScores_GivesEqualShares(int width)
    {
        foreach (var score in new[] { 0f, -3e38f, 3e38f, 1e-40f })
        {
            var x = Enumerable.Repeat(score, width).ToArray();
            Softmax.Apply(x);
            Assert.All(x, share => Assert.Equal(x[0], share));
            Assert.Equal(1.0 / width, x[0], ErrorBudget.Epsilon / width);
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(float.MaxValue)]
    [InlineData(float.MinValue)]
    public void Apply_OneScore_IsOne(float score)
    {
        var x = new[] { score };
        Softmax.Apply(x);
        Assert.Equal(1f, x[0]);
    }

    [Fact]
    public void Apply_OneScoreFarAboveTheRest_TakesAll()
    {
        var x = Enumerable.Repeat(float.MinValue, 33).ToArray();
        x[20] = float.MaxValue;
        Softmax.Apply(x);
        Assert.Equal(1f, x[20]);
        Assert.All(x.Where((_, i) => i != 20), share => Assert.InRange(share, 0, ErrorBudget.Underflow));
    }

    [Fact]
    public void Apply_MaskedScores_GetNothing()
    {
        var x = new float[] { 1, float.NegativeInfinity, 1 };
        Softmax.Apply(x);
        Assert.Equal(0.5f, x[0]);
        Assert.InRange(x[1], 0, ErrorBudget.Underflow);
    }

    [Fact]
    public void Apply_NaN_SpoilsAllRatherThanVanishing()
    {
        foreach (var index in new[] { 0, 5, 16, 18 })
        {
            var x = KernelInputs.Floats(1, 19);
            x[index] = float.NaN;
            Softmax.Apply(x);
            Assert.All(x, share => Assert.Equal(float.NaN, share));
        }
    }

    private static void AssertMatchesScalar(float[] scores)
    {
        var (simd, scalar) = (scores.ToArray(), scores.ToArray());
        Softmax.Apply(simd);
        Softmax.ApplyScalar(scalar);
        var max = (double)scores.Max();
        for (var i = 0; i < scores.Length; i++)
        {
            var spread = Math.Min(max - scores[i], 88);
            var budget = (ErrorBudget.Softmax(scores.Length, spread) * scalar[i]) + ErrorBudget.Underflow;
            ErrorBudget.AssertWithin(scalar[i], simd[i], budget, $"share {i} of {scores.Length}");
        }
    }
}
