using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class DotProductTests
{
    public static TheoryData<int> Widths => KernelInputs.Widths;

    [Theory]
    [MemberData(nameof(Widths))]
    public void Compute_AgainstDoublePrecision_StaysWithinTheErrorBudget(int width)
    {
        var (a, b) = (KernelInputs.Floats(1, width), KernelInputs.Floats(2, width));
        var products = a.Zip(b, (x, y) => (double)x * y).ToArray();
        ErrorBudget.AssertWithin(
            products.Sum(), DotProduct.Compute(a, b), ErrorBudget.Sum(width, products.Sum(Math.Abs)), $"width {width}");
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public unsafe void Compute_HasTheBitsOfAMatrixRow(int width)
    {
        var (a, b) = (KernelInputs.Floats(3, width), KernelInputs.Floats(4, width));
        float y;
        fixed (float* pa = a, pb = b)
            MatMul.MultiplyScalar<Float32Weights>((byte*)pa, pb, &y, 1, width, 1);
        Assert.Equal(y, DotProduct.Compute(a, b));
    }

    [Fact]
    public void Compute_Empty_IsZero() => Assert.Equal(0f, DotProduct.Compute([], []));
}
