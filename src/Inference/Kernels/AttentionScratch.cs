using SplitActors.Inference.Memory;

namespace SplitActors.Inference.Kernels;

/// <summary>Where a tile's intermediate results lie in the caller's buffer, each at the start of a cache line.</summary>
internal readonly unsafe struct AttentionScratch
{
    private const int LineFloats = NativeBuffer.Alignment / sizeof(float);

    /// <param name="buffer">At least <see cref="Count"/> floats.</param>
    /// <param name="headDim">D</param>
    /// <param name="pairCount">Rows times query heads of the KV head.</param>
    /// <param name="positionCount">Positions that the last row attends to.</param>
    public AttentionScratch(float* buffer, int headDim, int pairCount, int positionCount)
    {
        ScoreStride = StrideOf(positionCount);
        SumStride = RoundUp(headDim);
        Queries = (float*)(((nuint)buffer + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment);
        Scores = Queries + (PaddedPairs(pairCount) * (nint)SumStride);
        Sums = Scores + (PaddedPairs(pairCount) * (nint)ScoreStride);
        Block = Sums + (pairCount * (nint)SumStride);
    }

    /// <summary>[pairs / 8][D][8], the last group possibly [D][4]</summary>
    public float* Queries { get; }

    /// <summary>[pairs][<see cref="ScoreStride"/>]</summary>
    public float* Scores { get; }

    /// <summary>[pairs][<see cref="SumStride"/>]</summary>
    public float* Sums { get; }

    /// <summary>A block of K or V in float32, [16·D] and 16 more.</summary>
    public float* Block { get; }

    public int ScoreStride { get; }

    public int SumStride { get; }

    public static int Count(int headDim, int pairCount, int positionCount)
    {
        var perPair = (2L * RoundUp(headDim)) + StrideOf(positionCount);
        return checked((int)((PaddedPairs(pairCount) * perPair) + (Lanes.Count * (headDim + 1)) + LineFloats));
    }

    private static int PaddedPairs(int pairCount) => (pairCount + AttentionScores.Group - 1) / AttentionScores.Group * AttentionScores.Group;

    /// <summary>One line more than needed: strides that are powers of two would put all pairs into the same sets of the cache.</summary>
    private static int StrideOf(int positionCount) => RoundUp(positionCount) + LineFloats;

    private static int RoundUp(int count) => (count + Lanes.Count - 1) / Lanes.Count * Lanes.Count;
}
