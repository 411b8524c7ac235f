using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.KvCaching;

/// <summary>
/// Where keys and values lie within a page. A page holds <see cref="PagePositions"/> neighbouring positions of one sequence, for all layers of
/// a segment: blocks [layer][KV head][V, K]. A block of K is [D][16 positions], so that scores are sums over rows and need no horizontal
/// addition; a block of V is [16 positions][D]. Integer blocks end with 16 scales and 16 minima (half).
/// </summary>
/// <remarks>V comes first: a vector load at the end of its last row, where D is no multiple of 16, stays within the page.</remarks>
public sealed record KvLayout
{
    /// <summary>Positions of one page: one per lane.</summary>
    public const int PagePositions = Lanes.Count;

    private const int PageAlignment = 64;

    /// <exception cref="ArgumentOutOfRangeException">A size is not positive (no layers are allowed), the width is odd, or the format unknown.</exception>
    public KvLayout(int layerCount, int kvHeadCount, int headDim, KvFormat format)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layerCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kvHeadCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headDim);
        ArgumentOutOfRangeException.ThrowIfNotEqual(headDim % 2, 0, nameof(headDim));
        BlockBytes = format switch
        {
            KvFormat.Float32 => Float32Block.ByteCount(headDim),
            KvFormat.Float16 => Float16Block.ByteCount(headDim),
            KvFormat.Int8 => Int8Block.ByteCount(headDim),
            KvFormat.Int4 => Int4Block.ByteCount(headDim),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "32, 16, 8 or 4 bits."),
        };
        (LayerCount, KvHeadCount, HeadDim, Format) = (layerCount, kvHeadCount, headDim, format);
        PageBytes = (checked((long)layerCount * kvHeadCount * 2 * BlockBytes) + PageAlignment - 1) / PageAlignment * PageAlignment;
    }

    public int LayerCount { get; }

    public int KvHeadCount { get; }

    public int HeadDim { get; }

    public KvFormat Format { get; }

    /// <summary>Bytes of a page; 0 without layers.</summary>
    public long PageBytes { get; }

    /// <summary>Bytes of K, and of V, of one layer and KV head in a page.</summary>
    internal int BlockBytes { get; }

    /// <summary>The same for caches of another number of layers.</summary>
    public KvLayout WithLayers(int layerCount) => new(layerCount, KvHeadCount, HeadDim, Format);

    public static int PagesFor(int tokenCount) => (int)(((long)tokenCount + PagePositions - 1) / PagePositions);

    /// <summary>Bytes that a cache of this many tokens holds, exactly.</summary>
    public long BytesFor(int tokenCount) => PagesFor(tokenCount) * PageBytes;

    internal long ValueOffset(int layer, int kvHead) => (((long)layer * KvHeadCount) + kvHead) * 2 * BlockBytes;

    internal long KeyOffset(int layer, int kvHead) => ValueOffset(layer, kvHead) + BlockBytes;
}
