using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class RmsNormTests
{
    private const float Epsilon = 1e-5f;
    private const int TokenCount = 3;

    public static TheoryData<int> Widths => KernelInputs.Widths;

    [Theory]
    [MemberData(nameof(Widths))]
    public void Normalize_RandomRows_StaysWithinTheErrorBudget(int width)
    {
        foreach (var magnitude in new[] { 1e-8f, 1e-3f, 1f, 1e6f })
        {
            var (x, weight) = (KernelInputs.Floats(1, TokenCount * width, magnitude), KernelInputs.Floats(2, width));
            var (simd, scalar) = (new float[x.Length], new float[x.Length]);
            RmsNorm.Normalize(x, weight, Epsilon, simd);
            RmsNorm.NormalizeScalar(x, weight, Epsilon, scalar);
            for (var i = 0; i < x.Length; i++) // the sum's relative error halves under the root; five more roundings follow
                ErrorBudget.AssertWithin(scalar[i], simd[i], ErrorBudget.Epsilon * ((width / 2.0) + 5) * Math.Abs(scalar[i]), $"element {i}");
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Normalize_InPlaceAndInABatch_HasTheBitsOfEachRowAlone(int width)
    {
        var (x, weight) = (KernelInputs.Floats(3, TokenCount * width), KernelInputs.Floats(4, width));
        var alone = new float[x.Length];
        for (var start = 0; start < x.Length; start += width)
            RmsNorm.Normalize(x.AsSpan(start, width), weight, Epsilon, alone.AsSpan(start, width));
        RmsNorm.Normalize(x, weight, Epsilon, x);
        BitAssert.Equal(alone, x);
    }

    [Fact]
    public void Normalize_ZeroRow_IsZero()
    {
        var y = new float[20];
        RmsNorm.Normalize(new float[20], KernelInputs.Floats(1, 20), Epsilon, y);
        Assert.All(y, value => Assert.Equal(0f, value));
    }

    [Fact]
    public void Normalize_UnitWeights_GivesRootMeanSquareOne()
    {
        var y = new float[256];
        RmsNorm.Normalize(KernelInputs.Floats(1, 256, magnitude: 50), Enumerable.Repeat(1f, 256).ToArray(), Epsilon, y);
        Assert.Equal(1, Math.Sqrt(y.Average(value => (double)value * value)), 1e-6);
    }
}
