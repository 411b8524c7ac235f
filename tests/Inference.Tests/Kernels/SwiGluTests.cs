using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class SwiGluTests
{
    public static TheoryData<int> Widths => KernelInputs.Widths;

    [Theory]
    [MemberData(nameof(Widths))]
    public void Apply_RandomGates_StaysWithinTheErrorBudget(int width)
    {
        foreach (var magnitude in new[] { 1e-4f, 1f, 30f, 500f })
        {
            var (gate, up) = (KernelInputs.Floats(1, width, magnitude), KernelInputs.Floats(2, width));
            var (simd, scalar) = (gate.ToArray(), gate.ToArray());
            SwiGlu.Apply(simd, up);
            SwiGlu.ApplyScalar(scalar, up);
            for (var i = 0; i < width; i++) // below e^−87 the clamp of eˣ leaves |gate|·e^−87
            {
                var relative = (ErrorBudget.Exp + (4 * ErrorBudget.Epsilon)) * Math.Abs(scalar[i]);
                var budget = relative + (ErrorBudget.Underflow * Math.Abs(gate[i]));
                ErrorBudget.AssertWithin(scalar[i], simd[i], budget, $"silu({gate[i]})·{up[i]}");
            }
        }
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(1000f, 1000f)]
    [InlineData(float.MaxValue, float.MaxValue)]
    public void Apply_UpOfOne_IsSilu(float gate, float expected)
    {
        var x = new[] { gate };
        SwiGlu.Apply(x, [1f]);
        Assert.Equal(expected, x[0]);
    }

    [Fact]
    public void Apply_Tail_HasTheBitsOfTheVectorLoop()
    {
        var (gate, up) = (KernelInputs.Floats(1, 32, magnitude: 10), KernelInputs.Floats(2, 32));
        var (whole, part) = (gate.ToArray(), gate[..31]);
        SwiGlu.Apply(whole, up);
        SwiGlu.Apply(part, up.AsSpan(0, 31));
        BitAssert.Equal(whole.AsSpan(0, 31), part);
    }
}
