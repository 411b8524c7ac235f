using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Models;

/// <summary>A pass that throws, on the caller's thread or on a helper's, leaves the process whole and the next pass right.</summary>
public sealed class FailingPassTests
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(1);
    private static readonly int[] Tokens = [.. Enumerable.Range(300, 12)];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Forward_MatrixThrows_CountsNoTokenAndTheNextPassIsRight(bool onHelper)
    {
        var fault = new Fault(onHelper);
        var weights = new CheckpointWeights(Quill.Checkpoint, format: null);
        var segment = Segment.Of(Quill.Config, LayerRange.Front(3), new FaultyWeights(weights, fault));
        using var threads = new ComputeThreads(2);
        using var workspace = new Workspace(Quill.Config, Tokens.Length, threads);
        using var expectedCache = segment.CreateCache(32);
        using var cache = segment.CreateCache(32);
        var expected = Forward(segment, expectedCache, workspace);
        for (var round = 0; round < 20; round++)
        {
            fault.Arm();
            Assert.Equal("As told.", Assert.Throws<InvalidOperationException>(() => Forward(segment, cache, workspace)).Message);
            Assert.Equal((0, 0L), (cache.TokenCount, cache.ByteCount));
            Assert.Equal(expected, Forward(segment, cache, workspace));
            cache.Truncate(0);
        }
    }

    private static float[] Forward(Segment segment, Inference.KvCaching.KvCache cache, Workspace workspace)
    {
        var hidden = new float[Tokens.Length * Quill.Config.HiddenSize];
        segment.Embed(Tokens, hidden);
        segment.Forward([new SequenceRows(cache, 0, Tokens.Length)], hidden, workspace);
        return hidden;
    }

    /// <summary>Throws once on the thread that it is for; threads of the other kind wait until it has.</summary>
    private sealed class Fault(bool onHelper)
    {
        private int _isArmed;

        public void Arm() => Volatile.Write(ref _isArmed, 1);

        public void Strike()
        {
            if (Volatile.Read(ref _isArmed) == 0)
                return;
            var isHelper = Thread.CurrentThread.Name?.StartsWith("compute", StringComparison.Ordinal) == true;
            if (isHelper == onHelper && Interlocked.Exchange(ref _isArmed, 0) != 0)
                throw new InvalidOperationException("As told.");
            if (!SpinWait.SpinUntil(() => Volatile.Read(ref _isArmed) == 0, HangLimit))
                throw new TimeoutException("No thread took the chunk that throws.");
        }
    }

    private sealed class FaultyWeights(IWeightSource weights, Fault fault) : IWeightSource
    {
        public Linear Matrix(string name, int outputSize, int inputSize)
        {
            var matrix = weights.Matrix(name, outputSize, inputSize);
            return name.Contains("layers.1.mlp", StringComparison.Ordinal) ? new FaultyLinear(matrix, fault) : matrix;
        }

        public float[] Norm(string name, int size) => weights.Norm(name, size);
    }

    private sealed unsafe class FaultyLinear(Linear inner, Fault fault) : Linear(inner.OutputSize, inner.InputSize)
    {
        public override WeightFormat Format => inner.Format;

        public override long ByteCount => inner.ByteCount;

        public override byte* Weights => inner.Weights;

        public override void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount)
        {
            fault.Strike();
            inner.ForwardRows(in input, y, firstRow, rowCount);
        }

        public override void CopyRow(int row, Span<float> destination) => inner.CopyRow(row, destination);
    }
}
