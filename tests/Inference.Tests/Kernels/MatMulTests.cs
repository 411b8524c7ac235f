using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed unsafe class MatMulTests
{
    private static readonly int[] OutputSizes = [1, 3, 4, 7, 8, 9, 15, 16, 17, 33];
    private static readonly int[] TokenCounts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 64];

    private delegate void Kernel(byte* w, float* x, float* y, int tokenCount, int inputSize, int outputSize);

    public static TheoryData<int> InputSizes => KernelInputs.Widths;

    [Theory]
    [MemberData(nameof(InputSizes))]
    public void Multiply_BFloat16Weights_HasTheBitsOfTheScalarReference(int inputSize) => AssertScalarBits<BFloat16Weights>(inputSize);

    [Theory]
    [MemberData(nameof(InputSizes))]
    public void Multiply_Float32Weights_HasTheBitsOfTheScalarReference(int inputSize) => AssertScalarBits<Float32Weights>(inputSize);

    [Theory]
    [MemberData(nameof(InputSizes))]
    public void Multiply_Float16Weights_HasTheBitsOfTheScalarReference(int inputSize) => AssertScalarBits<Float16Weights>(inputSize);

    [Fact]
    public void Multiply_RangesOfRows_HaveTheBitsOfTheWhole()
    {
        const int InputSize = 48, OutputSize = 37, TokenCount = 6;
        var weights = KernelInputs.Weights<BFloat16Weights>(7, OutputSize * InputSize);
        var x = KernelInputs.Floats(8, TokenCount * InputSize);
        var y = new float[TokenCount * OutputSize];
        fixed (byte* pw = weights)
        fixed (float* px = x, py = y)
        {
            foreach (var (first, end) in new[] { (0, 16), (16, 32), (32, OutputSize) })
                MatMul.Multiply<BFloat16Weights>(pw + (first * InputSize * 2), px, py + first, TokenCount, InputSize, end - first, OutputSize);
        }

        BitAssert.Equal(Run(Multiply<BFloat16Weights>, weights, x, TokenCount, OutputSize), y);
    }

    [Theory]
    [MemberData(nameof(InputSizes))]
    public void Multiply_RowOfABatch_HasTheBitsOfTheRowAlone(int inputSize)
    {
        const int OutputSize = 19;
        var weights = KernelInputs.Weights<BFloat16Weights>(1, OutputSize * inputSize);
        foreach (var tokenCount in TokenCounts)
        {
            var x = KernelInputs.Floats(2, tokenCount * inputSize);
            var batch = Run(Multiply<BFloat16Weights>, weights, x, tokenCount, OutputSize);
            for (var token = 0; token < tokenCount; token++)
            {
                var alone = Run(Multiply<BFloat16Weights>, weights, x[(token * inputSize)..((token + 1) * inputSize)], 1, OutputSize);
                BitAssert.Equal(alone, batch.AsSpan(token * OutputSize, OutputSize));
            }
        }
    }

    [Theory]
    [MemberData(nameof(InputSizes))]
    public void Multiply_AgainstDoublePrecision_StaysWithinTheErrorBudget(int inputSize)
    {
        const int TokenCount = 5, OutputSize = 17;
        var w = KernelInputs.Floats(3, OutputSize * inputSize);
        var x = KernelInputs.Floats(4, TokenCount * inputSize, magnitude: 100);
        var weights = KernelInputs.Weights<Float32Weights>(3, w.Length);
        var y = Run(Multiply<Float32Weights>, weights, x, TokenCount, OutputSize);
        for (var i = 0; i < y.Length; i++)
        {
            var (token, row) = Math.DivRem(i, OutputSize);
            var products = Enumerable.Range(0, inputSize).Select(k => (double)w[(row * inputSize) + k] * x[(token * inputSize) + k]).ToArray();
            var budget = ErrorBudget.Sum(inputSize, products.Sum(Math.Abs));
            ErrorBudget.AssertWithin(products.Sum(), y[i], budget, $"y[{token}, {row}]");
        }
    }

    [Fact]
    public void Multiply_UnalignedWeights_HasTheBitsOfAlignedOnes()
    {
        const int InputSize = 33, OutputSize = 9, TokenCount = 5;
        var weights = KernelInputs.Weights<BFloat16Weights>(5, OutputSize * InputSize);
        var x = KernelInputs.Floats(6, TokenCount * InputSize);
        byte[] shifted = [0, .. weights];
        var y = new float[TokenCount * OutputSize];
        fixed (byte* pw = shifted)
        fixed (float* px = x, py = y)
            MatMul.Multiply<BFloat16Weights>(pw + 1, px, py, TokenCount, InputSize, OutputSize, OutputSize);
        BitAssert.Equal(Run(Multiply<BFloat16Weights>, weights, x, TokenCount, OutputSize), y);
    }

    private static void AssertScalarBits<TWeights>(int inputSize)
        where TWeights : struct, IWeightFormat
    {
        foreach (var outputSize in OutputSizes)
        {
            var weights = KernelInputs.Weights<TWeights>(inputSize, outputSize * inputSize);
            foreach (var tokenCount in TokenCounts)
            {
                var x = KernelInputs.Floats(outputSize, tokenCount * inputSize);
                var expected = Run(MatMul.MultiplyScalar<TWeights>, weights, x, tokenCount, outputSize);
                BitAssert.Equal(expected, Run(Multiply<TWeights>, weights, x, tokenCount, outputSize));
            }
        }
    }

    private static void Multiply<TWeights>(byte* w, float* x, float* y, int tokenCount, int inputSize, int outputSize)
        where TWeights : struct, IWeightFormat =>
        MatMul.Multiply<TWeights>(w, x, y, tokenCount, inputSize, outputSize, outputSize);

    /// <summary>Y [tokens, outputs], between guard values that must survive.</summary>
    private static float[] Run(Kernel kernel, byte[] weights, float[] x, int tokenCount, int outputSize)
    {
        const float Guard = 12345;
        var y = Enumerable.Repeat(Guard, (tokenCount * outputSize) + 2).ToArray();
        fixed (byte* pw = weights)
        fixed (float* px = x, py = y)
            kernel(pw, px, py + 1, tokenCount, x.Length / tokenCount, outputSize);
        Assert.Equal((Guard, Guard), (y[0], y[^1]));
        return y[1..^1];
    }
}
