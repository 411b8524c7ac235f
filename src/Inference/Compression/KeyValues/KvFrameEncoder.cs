using System.Buffers;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Compression.KeyValues;

/// <summary>
/// Codes keys and values of a sequence into frames, for a session that moves together with its cache [2511.04002, eq. 2 with I_kv = 1].
/// The bytes are a function of the cache's content and the options alone. Keeps its buffers. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// Codec 0 copies what the cache stores: a cache of the same format goes on bit for bit. TAB-Q: x̃ = x where |x| ≥ τ, otherwise
/// |x̃ − x| ≤ s/2 + 2⁻²²·|x| with the transmitted scale s of the value's group, before the receiving cache rounds to its own format.
/// </remarks>
public sealed class KvFrameEncoder(KvFrameOptions options)
{
    private readonly TabqEncoder _tabq = new(options.Tabq);
    private readonly ArrayBufferWriter<byte> _payload = new();
    private float[] _matrix = [];  // [groups, values of a group]

    /// <summary>Encodes a part of a cache.</summary>
    /// <param name="cache">Holds the range's positions. Not computed on meanwhile.</param>
    /// <param name="range">What to encode; all values together at most <see cref="FrameLimits.ValuesMax"/>.</param>
    /// <param name="cacheFirstLayer">The model's number, from 0, of the cache's first layer.</param>
    /// <exception cref="ArgumentOutOfRangeException">The cache does not hold the range, or it is empty or too large for a frame.</exception>
    public EncodedFrame Encode(KvCache cache, KvRange range, int cacheFirstLayer = 0)
    {
        var layout = cache.Layout;
        Check(cache, range, cacheFirstLayer);
        var form = options.Codec == FrameCodec.None ? KvFrameShape.FormOf(layout.Format) : KvFrameShape.FormOf(options.GroupingFor(range.PositionCount));
        var shape = new KvFrameShape(form, range, layout.KvHeadCount, layout.HeadDim);
        _payload.ResetWrittenCount();
        shape.Write(_payload);
        var statistics = default(FrameStatistics);
        if (options.Codec == FrameCodec.None)
            CopyStored(cache, shape, range.Layers.First - cacheFirstLayer);
        else
            statistics = EncodeTabq(cache, shape, range.Layers.First - cacheFirstLayer);

        var header = new FrameHeader { Content = FrameContent.KeysAndValues, Codec = options.Codec, Rows = range.PositionCount, Width = layout.HeadDim };
        var frame = HiddenStateEncoder.Seal(header, _payload.WrittenSpan, statistics);
        return frame with { Statistics = frame.Statistics with { Float16Bytes = 2L * shape.VectorCount * layout.HeadDim } };
    }

    private static void Check(KvCache cache, KvRange range, int cacheFirstLayer)
    {
        var layout = cache.Layout;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(range.Layers.Count, nameof(range));
        ArgumentOutOfRangeException.ThrowIfLessThan(range.Layers.First, cacheFirstLayer, nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.Layers.End, cacheFirstLayer + layout.LayerCount, nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.Layers.End, KvFrameShape.LayersMax, nameof(range));
        ArgumentOutOfRangeException.ThrowIfNegative(range.FirstPosition, nameof(range));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(range.PositionCount, nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.PositionCount, Math.Min(FrameLimits.RowsMax, cache.TokenCount - range.FirstPosition), nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)layout.KvHeadCount * layout.HeadDim, FrameLimits.WidthMax, nameof(cache));
        var valueCount = 2L * range.Layers.Count * range.PositionCount * layout.KvHeadCount * layout.HeadDim;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(valueCount, FrameLimits.ValuesMax, nameof(range));
    }

    /// <summary>[layer, position, head, K then V]</summary>
    private void CopyStored(KvCache cache, KvFrameShape shape, int firstLayer)
    {
        var vectorBytes = KvStoredVector.ByteCount(cache.Layout);
        foreach (var place in shape.Heads)
        {
            var both = _payload.GetSpan(2 * vectorBytes)[..(2 * vectorBytes)];
            cache.ReadStored(firstLayer + place.Layer, place.KvHead, shape.Range.FirstPosition + place.Position, both[..vectorBytes], both[vectorBytes..]);
            _payload.Advance(both.Length);
        }
    }

    private FrameStatistics EncodeTabq(KvCache cache, KvFrameShape shape, int firstLayer)
    {
        var matrix = shape.Matrix;
        if (_matrix.Length < matrix.ValueCount)
            _matrix = new float[matrix.ValueCount];
        Gather(cache, shape, firstLayer);
        return _tabq.Encode(_matrix.AsSpan(0, matrix.ValueCount), matrix.Width, _payload);
    }

    /// <summary>Puts the range's keys and values in the order in which they are coded.</summary>
    private void Gather(KvCache cache, KvFrameShape shape, int firstLayer)
    {
        var (layout, matrix) = (cache.Layout, shape.Matrix);
        var vectorBytes = KvStoredVector.ByteCount(layout);
        using var scratch = MemoryPool<byte>.Shared.Rent(2 * vectorBytes);
        using var floats = MemoryPool<float>.Shared.Rent(layout.HeadDim);
        var key = scratch.Memory.Span[..vectorBytes];
        var value = scratch.Memory.Span.Slice(vectorBytes, vectorBytes);
        var head = floats.Memory.Span[..layout.HeadDim];
        foreach (var place in shape.Heads)
        {
            cache.ReadStored(firstLayer + place.Layer, place.KvHead, shape.Range.FirstPosition + place.Position, key, value);
            KvStoredVector.Dequantize(layout.Format, key, head);
            matrix.CopyTo(_matrix, place, isValue: false, head);
            KvStoredVector.Dequantize(layout.Format, value, head);
            matrix.CopyTo(_matrix, place, isValue: true, head);
        }
    }
}
