using System.Diagnostics;

namespace SplitActors.Inference.Compression.KeyValues;

/// <summary>
/// Where keys and values of a frame lie in the matrix that is coded row by row, a row for each group: layer by layer, keys before values, each
/// [n, H, D] by head, [n, H·D] by layer, [H·D, n] by channel, for n positions.
/// </summary>
internal readonly record struct KvMatrix(KvGrouping Grouping, int LayerCount, int PositionCount, int KvHeadCount, int HeadDim)
{
    /// <summary>Values of all rows.</summary>
    public int ValueCount => 2 * LayerCount * PlaneValues;

    /// <summary>Values of a row.</summary>
    public int Width => Grouping switch
    {
        KvGrouping.Head => HeadDim,
        KvGrouping.Layer => KvHeadCount * HeadDim,
        KvGrouping.Channel => PositionCount,
        _ => throw new UnreachableException(),
    };

    public int RowCount => ValueCount / Width;

    /// <summary>Keys, or values, of one layer.</summary>
    private int PlaneValues => PositionCount * KvHeadCount * HeadDim;

    /// <summary>From one value of a head to the next.</summary>
    private int Stride => Grouping == KvGrouping.Channel ? PositionCount : 1;

    /// <param name="matrix">[rows, width]</param>
    /// <param name="place">Which head.</param>
    /// <param name="isValue">Its value, not its key.</param>
    /// <param name="head">[D], written</param>
    public void CopyFrom(ReadOnlySpan<float> matrix, KvHeadPlace place, bool isValue, Span<float> head)
    {
        var index = IndexOf(place, isValue);
        for (var i = 0; i < head.Length; i++)
            head[i] = matrix[index + (i * Stride)];
    }

    /// <summary>The reverse of <see cref="CopyFrom"/>.</summary>
    public void CopyTo(Span<float> matrix, KvHeadPlace place, bool isValue, ReadOnlySpan<float> head)
    {
        var index = IndexOf(place, isValue);
        for (var i = 0; i < head.Length; i++)
            matrix[index + (i * Stride)] = head[i];
    }

    /// <summary>Index of a head's first value.</summary>
    private int IndexOf(KvHeadPlace place, bool isValue)
    {
        var plane = ((2 * place.Layer) + (isValue ? 1 : 0)) * PlaneValues;
        return Grouping == KvGrouping.Channel
            ? plane + (place.KvHead * HeadDim * PositionCount) + place.Position
            : plane + (((place.Position * KvHeadCount) + place.KvHead) * HeadDim);
    }
}
