using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Planning.Memory;

/// <summary>Bytes of a <see cref="Workspace"/> before it is made.</summary>
/// <param name="RowBytes">Activations of a pass: rows of float32, their int8 panels, and each thread's sums of two tiles.</param>
/// <param name="AttentionBytes">Each thread's scratch for attention.</param>
public readonly record struct WorkspaceMemory(long RowBytes, long AttentionBytes)
{
    /// <summary>A workspace begins with scratch for this many positions, and doubles it when a sequence has more.</summary>
    private const int PositionsFirst = 4096;

    public long ByteCount => RowBytes + AttentionBytes;

    /// <param name="config">Sizes of the model.</param>
    /// <param name="rowCount">Most rows of a pass.</param>
    /// <param name="threadCount">Threads that compute.</param>
    /// <param name="tokenCount">Most positions of a sequence.</param>
    public static WorkspaceMemory Of(ModelConfig config, int rowCount, int threadCount, int tokenCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threadCount);
        ReadOnlySpan<int> widths =
        [
            config.HeadDim, config.HiddenSize, config.QueryWidth, config.KvWidth, config.KvWidth, config.QueryWidth,
            config.IntermediateSize, config.IntermediateSize,
        ];
        var floats = (long)threadCount * Workspace.SumsCount;
        foreach (var width in widths)
            floats += DivideUp((long)rowCount * width, Lanes.Count) * Lanes.Count;
        var widthMax = Math.Max(config.HiddenSize, Math.Max(config.QueryWidth, config.IntermediateSize));
        return new WorkspaceMemory(
            (floats * sizeof(float)) + (rowCount * QuantizedRows.BytesPerRow(widthMax)),
            (long)threadCount * ScratchFloats(config, tokenCount) * sizeof(float));
    }

    /// <summary>Of one thread, after a sequence grew to its last position one by one.</summary>
    private static long ScratchFloats(ModelConfig config, int tokenCount)
    {
        var floats = (long)Needed(PositionsFirst);
        for (var needed = Needed(tokenCount); floats < needed;)
            floats = Math.Min(2 * floats, Array.MaxLength);
        return floats;

        int Needed(int positions) =>
            Attention.ScratchCount(config.HeadDim, config.HeadCount / config.KvHeadCount, Math.Min(positions, config.ContextLength));
    }

    private static long DivideUp(long value, long divisor) => (value + divisor - 1) / divisor;
}
