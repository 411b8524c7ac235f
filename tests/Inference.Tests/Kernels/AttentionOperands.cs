using SplitActors.Inference.Kernels;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Tests.Kernels;

/// <summary>One layer's queries, keys and values of a sequence, in plain arrays and in a cache.</summary>
internal sealed class AttentionOperands : IDisposable
{
    private readonly int _headCount;
    private readonly float _magnitude;

    public AttentionOperands(int headCount, int kvHeadCount, int headDim, int positionCount, float magnitude, KvFormat format = KvFormat.Float32)
    {
        (_headCount, _magnitude, HeadDim, KvHeadCount, PositionCount) = (headCount, magnitude, headDim, kvHeadCount, positionCount);
        Query = KernelInputs.Floats(1, positionCount * headCount * headDim, magnitude);
        Keys = KernelInputs.Floats(2, positionCount * kvHeadCount * headDim, magnitude);
        Values = KernelInputs.Floats(3, positionCount * kvHeadCount * headDim);
        Cache = new KvCache(new KvLayout(layerCount: 2, kvHeadCount, headDim, format), positionCount);
        Fill(Cache);
    }

    public int HeadDim { get; }

    public int KvHeadCount { get; }

    public int PositionCount { get; }

    /// <summary>[positions, H·D]</summary>
    public float[] Query { get; }

    /// <summary>[positions, Hkv·D]</summary>
    public float[] Keys { get; }

    /// <summary>[positions, Hkv·D]</summary>
    public float[] Values { get; }

    public KvCache Cache { get; }

    public int QueryWidth => _headCount * HeadDim;

    public int KvWidth => KvHeadCount * HeadDim;

    /// <summary>Writes keys and values again, after a change.</summary>
    public void Fill(KvCache cache)
    {
        cache.Reserve(0, PositionCount);
        for (var position = 0; position < PositionCount; position++)
        {
            for (var head = 0; head < KvHeadCount; head++)
            {
                var offset = (position * KvWidth) + (head * HeadDim);
                cache.Write(1, head, position, Keys.AsSpan(offset, HeadDim), Values.AsSpan(offset, HeadDim));
            }
        }
    }

    /// <summary>Output [rows, H·D] of the rows from <paramref name="first"/> on, in tiles of <paramref name="tileRows"/>.</summary>
    public float[] Attend(int first, int tileRows, KvCache? cache = null)
    {
        var output = new float[(PositionCount - first) * QueryWidth];
        var scratch = new float[Attention.ScratchCount(HeadDim, _headCount / KvHeadCount, PositionCount) + (tileRows * _headCount * (PositionCount + 64 + HeadDim) * 2)];
        scratch.AsSpan().Fill(float.NaN);
        for (var row = first; row < PositionCount; row += tileRows)
        {
            var count = Math.Min(tileRows, PositionCount - row);
            for (var head = 0; head < KvHeadCount; head++)
            {
                Attention.Attend(
                    cache ?? Cache,
                    new AttentionTile(Layer: 1, head, row, count),
                    Query.AsSpan(row * QueryWidth, count * QueryWidth),
                    output.AsSpan((row - first) * QueryWidth, count * QueryWidth),
                    scratch);
            }
        }

        return output;
    }

    /// <summary>The last row.</summary>
    public float[] AttendLast() => Attend(PositionCount - 1, tileRows: 1);

    /// <summary>The last row by the reference.</summary>
    public float[] AttendLastScalar()
    {
        var output = new float[QueryWidth];
        Attention.AttendScalar(Query.AsSpan(^QueryWidth..), Keys, Values, HeadDim, KvWidth, output);
        return output;
    }

    /// <summary>
    /// Each score is off by at most δ = (D + 2)·ε·max Σ|qᵢ·kᵢ|/√D plus what the keys are off by, so each weight by the relative 2δ + softmax's own
    /// error; the weighted sum of |v| ≤ 1 adds n·ε and what the values are off by.
    /// </summary>
    public double Budget(int element, double keyError = 0, double valueError = 0)
    {
        var norm = 0.0;
        foreach (var value in Query.AsSpan(^QueryWidth..).Slice(element / HeadDim * HeadDim, HeadDim))
            norm += Math.Abs(value);
        var spread = 2 * norm * _magnitude / Math.Sqrt(HeadDim);
        var scoreError = ErrorBudget.Sum(HeadDim + 2, spread / 2) + (norm * keyError / Math.Sqrt(HeadDim));
        var weightError = Math.Exp(2 * scoreError) - 1;
        return weightError + ErrorBudget.Softmax(PositionCount, spread) + ErrorBudget.Sum(PositionCount, 1) + valueError;
    }

    public void Dispose() => Cache.Dispose();
}
