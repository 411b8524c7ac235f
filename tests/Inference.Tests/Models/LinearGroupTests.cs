using SplitActors.Inference.Evaluation;
using SplitActors.Inference.Kernels.Quantized;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Kernels;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Models;

public sealed class LinearGroupTests : IDisposable
{
    private const int TokensMax = 130;

    private readonly LinearFiles _files = new();

    /// <summary>Formats of the matrices of a group.</summary>
    public static TheoryData<string> Groups =>
    [
        "BF16", "F16", "F32", "BF16 F32 F16", "int8/32", "int8/128", "int4/32", "int4/64", "int4/128", "int3/32", "int3/128", "int2/32", "int2/64",
        "int4/32 int4/32 int4/32", "int8/64 BF16", "F32 int4/64 BF16",
    ];

    public void Dispose() => _files.Dispose();

    [Theory]
    [MemberData(nameof(Groups))]
    public void Forward_AnyFormats_IsTheProductWithinTheErrorBudget(string types)
    {
        foreach (var inputSize in new[] { 32, 100, 352 })
        {
            var linears = Create(types, inputSize);
            var x = KernelInputs.Floats(inputSize, 5 * inputSize, magnitude: 3);
            var y = Forward(linears, x, ComputeThreads.Single);
            for (var i = 0; i < linears.Length; i++)
                AssertProduct(linears[i], x, y[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Forward_RowOfABatch_HasTheBitsOfTheRowAlone(string types)
    {
        const int InputSize = 100;
        var linears = Create(types, InputSize);
        foreach (var tokenCount in new[] { 2, 64, 65, TokensMax })
        {
            var x = KernelInputs.Floats(tokenCount, tokenCount * InputSize);
            var batch = Forward(linears, x, ComputeThreads.Single);
            foreach (var token in new[] { 0, 1, tokenCount / 2, tokenCount - 1 })
            {
                var alone = Forward(linears, x[(token * InputSize)..((token + 1) * InputSize)], ComputeThreads.Single);
                for (var i = 0; i < linears.Length; i++)
                    BitAssert.Equal(alone[i], batch[i].AsSpan(token * linears[i].OutputSize, linears[i].OutputSize));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Forward_AnyThreadCount_HasTheSameBits(string types)
    {
        const int InputSize = 704;
        var linears = types.Split(' ').Select(type => _files.Create(type, outputSize: 501, InputSize)).ToArray(); // several chunks of 64 KiB
        foreach (var tokenCount in new[] { 1, TokensMax })
        {
            var x = KernelInputs.Floats(tokenCount, tokenCount * InputSize);
            var expected = Forward(linears, x, ComputeThreads.Single);
            for (var threadCount = 2; threadCount <= 4; threadCount++)
            {
                using var threads = new ComputeThreads(threadCount);
                var actual = Forward(linears, x, threads);
                for (var i = 0; i < linears.Length; i++)
                    BitAssert.Equal(expected[i], actual[i]);
            }
        }
    }

    [Theory]
    [InlineData("BF16")]
    [InlineData("int8/32")]
    [InlineData("int4/64")]
    public void Forward_TokenThatIsNotFinite_IsNaNAndNoOtherIs(string type)
    {
        const int InputSize = 100;
        var linears = Create(type, InputSize);
        var x = KernelInputs.Floats(1, 3 * InputSize);
        x[InputSize + 70] = float.NaN;
        var y = Forward(linears, x, ComputeThreads.Single)[0];
        var outputSize = linears[0].OutputSize;
        Assert.Equal(Enumerable.Range(0, y.Length).Select(i => i / outputSize == 1), y.Select(float.IsNaN));
    }

    [Theory]
    [InlineData(64, 34, 40, 0)]
    [InlineData(64, 34, 0, 0)]
    [InlineData(64, 34, 40, 2)]
    [InlineData(64, 33, 40, 1)]
    [InlineData(64, 17, 20, 0)]
    [InlineData(63, 34, 40, 0)]
    public void Forward_SizesThatDoNotFit_Throw(int inputs, int outputs0, int outputs1, int outputs2)
    {
        var isRight = (inputs, outputs0, outputs1, outputs2) == (64, 34, 40, 0); // two tokens
        var group = new LinearGroup(_files.Create("int4/32", 17, 32), _files.Create("int4/32", 20, 32));
        using var workspace = new Workspace(Quill.Config, TokensMax, ComputeThreads.Single);
        var error = Record.Exception(() => group.Forward(
            new float[inputs], workspace, new float[outputs0], new float[outputs1], new float[outputs2]));
        Assert.Equal(isRight ? null : typeof(ArgumentException), error?.GetType());
    }

    /// <summary>An input that is wider than any of the workspace's model would be written beyond its memory.</summary>
    [Fact]
    public void Forward_InputWiderThanTheWorkspace_Throws()
    {
        var inputs = 4 * Quill.Config.IntermediateSize;
        var group = new LinearGroup(_files.Create("int4/32", 16, inputs));
        using var workspace = new Workspace(Quill.Config, rowCountMax: 2, ComputeThreads.Single);
        Assert.Throws<ArgumentOutOfRangeException>(() => group.Forward(new float[2 * inputs], workspace, new float[2 * 16]));
    }

    [Theory]
    [InlineData(-1, 32)]
    [InlineData(16, 32)]
    [InlineData(0, 31)]
    [InlineData(0, 33)]
    public void CopyRow_NoSuchRowOrSize_Throws(int row, int size)
    {
        Linear[] linears = [SyntheticLinear.Create(16, 32, seed: 1, new()), DequantizedLinear.Of(_files.Create("BF16", 16, 32), new()), _files.Create("BF16", 16, 32), _files.Create("int4/32", 16, 32)];
        Assert.All(linears, linear => Assert.ThrowsAny<ArgumentException>(() => linear.CopyRow(row, new float[size])));
    }

    [Fact]
    public void Constructor_OtherInputSizes_Throws() =>
        Assert.Throws<ArgumentException>(() => new LinearGroup(_files.Create("BF16", 16, 32), _files.Create("BF16", 16, 64)));

    [Theory]
    [InlineData("int4/32", "int8/32")]
    [InlineData("int4/32", "int4/64")]
    public void Constructor_OtherQuantizedFormats_Throws(string first, string second) =>
        Assert.Throws<ArgumentException>(() => new LinearGroup(_files.Create(first, 16, 32), _files.Create(second, 16, 32)));

    [Theory]
    [InlineData("int8/32", 8)]
    [InlineData("int4/64", 4)]
    [InlineData("int3/128", 3)]
    [InlineData("int2/32", 2)]
    public void ByteCount_QuantizedMatrices_IsThatOfTheirTiles(string type, int bits)
    {
        var (linear, groupSize) = (_files.Create(type, 45, 100), int.Parse(type.Split('/')[1]));
        Assert.Equal(new WeightFormat(bits, groupSize), linear.Format);
        Assert.Equal(new TileLayout(45, 100, linear.Format).ByteCount, linear.ByteCount);
    }

    /// <summary>Sizes that are no multiple of a tile's 16 rows.</summary>
    private Linear[] Create(string types, int inputSize)
    {
        int[] outputSizes = [45, 1, 17];
        return [.. types.Split(' ').Select((type, i) => _files.Create(type, outputSizes[i], inputSize))];
    }

    private static float[][] Forward(Linear[] linears, float[] x, ComputeThreads threads)
    {
        var rowCount = x.Length / linears[0].InputSize;
        using var workspace = new Workspace(Quill.Config, rowCount, threads);
        var y = linears.Select(linear => new float[rowCount * linear.OutputSize]).ToArray();
        new LinearGroup(linears).Forward(x, workspace, y[0], y.ElementAtOrDefault(1), y.ElementAtOrDefault(2));
        return y;
    }

    /// <summary>Against the weights as <see cref="Linear.CopyRow"/> gives them, in double precision.</summary>
    private static void AssertProduct(Linear linear, float[] x, float[] y)
    {
        var (n, weights) = (linear.InputSize, new float[linear.InputSize]);
        for (var row = 0; row < linear.OutputSize; row++)
        {
            linear.CopyRow(row, weights);
            for (var token = 0; token < x.Length / n; token++)
            {
                var input = x.AsSpan(token * n, n);
                var (sum, magnitudes, halfSteps) = (0.0, 0.0, 0.0);
                for (var k = 0; k < n; k++)
                {
                    sum += (double)weights[k] * input[k];
                    magnitudes += Math.Abs((double)weights[k] * input[k]);
                    halfSteps += linear.Format.IsQuantized ? Math.Abs(weights[k]) * HalfStep(linear, input, k) : 0;
                }

                ErrorBudget.AssertWithin(sum, y[(token * linear.OutputSize) + row], halfSteps + ErrorBudget.Sum(n, magnitudes + halfSteps), $"y[{token}, {row}]");
            }
        }
    }

    /// <summary>Half a step of the block's activations in int8.</summary>
    private static double HalfStep(Linear linear, ReadOnlySpan<float> input, int column)
    {
        var start = column / TileLayout.BlockColumns * TileLayout.BlockColumns;
        var max = 0f;
        foreach (var value in input[start..Math.Min(start + TileLayout.BlockColumns, input.Length)])
            max = MathF.Max(max, MathF.Abs(value));
        return 0.5 * max / ActivationQuantizer.CodeMax(linear.Format.Bits);
    }
}
