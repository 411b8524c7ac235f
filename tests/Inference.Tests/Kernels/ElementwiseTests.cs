using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class ElementwiseTests
{
    public static TheoryData<int> Widths => KernelInputs.Widths;

    [Theory]
    [MemberData(nameof(Widths))]
    public void Add_IsTheSumOfEachElement(int width)
    {
        var (x, y) = (KernelInputs.Floats(1, width), KernelInputs.Floats(2, width));
        var expected = x.Zip(y, (a, b) => a + b).ToArray();
        Elementwise.Add(x, y);
        BitAssert.Equal(expected, x);
    }
}
