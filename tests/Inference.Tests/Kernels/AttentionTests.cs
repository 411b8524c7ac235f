using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Tests.Kernels;

public sealed class AttentionTests
{
    /// <summary>Query heads, KV heads, head width.</summary>
    public static TheoryData<int, int, int> Shapes => new()
    {
        { 1, 1, 2 }, { 4, 2, 64 }, { 4, 4, 16 }, { 8, 1, 32 }, { 6, 2, 20 }, { 3, 3, 34 }, { 32, 8, 64 }, { 2, 1, 128 },
    };

    private static int[] PositionCounts => [1, 2, 15, 16, 17, 33, 257, 512];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attend_RandomOperands_StaysWithinTheErrorBudget(int headCount, int kvHeadCount, int headDim)
    {
        foreach (var positionCount in PositionCounts)
        {
            foreach (var magnitude in new[] { 0.1f, 1f, 5f })
            {
                var operands = new Operands(headCount, kvHeadCount, headDim, positionCount, magnitude);
                var (simd, scalar) = (operands.Attend(), operands.AttendScalar());
                for (var i = 0; i < simd.Length; i++)
                    ErrorBudget.AssertWithin(scalar[i], simd[i], operands.Budget(i), $"{positionCount} positions, element {i}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attend_OnePosition_IsItsValue(int headCount, int kvHeadCount, int headDim)
    {
        var operands = new Operands(headCount, kvHeadCount, headDim, positionCount: 1, magnitude: 3);
        var expected = Enumerable.Range(0, headCount)
            .SelectMany(head => operands.Values.Skip(head / (headCount / kvHeadCount) * headDim).Take(headDim));
        Assert.Equal(expected, operands.Attend());
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Attend_EqualKeys_AveragesTheValues(int headCount, int kvHeadCount, int headDim)
    {
        var operands = new Operands(headCount, kvHeadCount, headDim, positionCount: 37, magnitude: 1);
        var kvWidth = kvHeadCount * headDim;
        for (var i = kvWidth; i < operands.Keys.Length; i++)
            operands.Keys[i] = operands.Keys[i - kvWidth];
        var output = operands.Attend();
        for (var i = 0; i < output.Length; i++)
        {
            var column = (i / headDim / (headCount / kvHeadCount) * headDim) + (i % headDim);
            var average = Enumerable.Range(0, 37).Average(position => (double)operands.Values[(position * kvWidth) + column]);
            Assert.Equal(average, output[i], 37 * ErrorBudget.Epsilon);
        }
    }

    [Fact]
    public void Attend_LongerScratch_IsNotReadOrWrittenBeyondThePositions()
    {
        var operands = new Operands(4, 2, 64, positionCount: 19, magnitude: 1);
        var scores = Enumerable.Repeat(float.NaN, 40).ToArray();
        var output = new float[4 * 64];
        Attention.Attend(operands.Query, operands.Keys, operands.Values, 64, 128, scores, output);
        BitAssert.Equal(operands.Attend(), output);
        Assert.All(scores[19..], score => Assert.Equal(float.NaN, score));
    }

    private sealed class Operands(int headCount, int kvHeadCount, int headDim, int positionCount, float magnitude)
    {
        private readonly int _kvWidth = kvHeadCount * headDim;

        public float[] Query { get; } = KernelInputs.Floats(1, headCount * headDim, magnitude);

        public float[] Keys { get; } = KernelInputs.Floats(2, positionCount * kvHeadCount * headDim, magnitude);

        public float[] Values { get; } = KernelInputs.Floats(3, positionCount * kvHeadCount * headDim);

        public float[] Attend()
        {
            var output = new float[headCount * headDim];
            Attention.Attend(Query, Keys, Values, headDim, _kvWidth, new float[positionCount], output);
            return output;
        }

        public float[] AttendScalar()
        {
            var output = new float[headCount * headDim];
            Attention.AttendScalar(Query, Keys, Values, headDim, _kvWidth, new float[positionCount], output);
            return output;
        }

        /// <summary>
        /// Each score is off by at most δ = (D + 2)·ε·max Σ|qᵢ·kᵢ|/√D, so each weight by the relative 2δ + softmax's own error; the
        /// weighted sum of |v| ≤ 1 adds n·ε.
        /// </summary>
        public double Budget(int element)
        {
            var query = Query.AsSpan(element / headDim * headDim, headDim);
            var norm = 0.0;
            foreach (var value in query)
                norm += Math.Abs(value);
            var spread = 2 * norm * magnitude / Math.Sqrt(headDim);
            var scoreError = ErrorBudget.Sum(headDim + 2, spread / 2);
            return (2 * scoreError) + ErrorBudget.Softmax(positionCount, spread) + ErrorBudget.Sum(positionCount, 1);
        }
    }
}
