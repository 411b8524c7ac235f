using System.Buffers;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Compression.KeyValues;

/// <summary>
/// Writes the keys and values of a frame into a cache. Never throws on bytes, nor for want of memory; rents at most 4 bytes for each value that the frame
/// carries, and only once it is known that the destination may hold them.
/// </summary>
public static class KvFrameDecoder
{
    /// <summary>What a frame carries, without its values.</summary>
    /// <param name="bytes">Exactly one frame.</param>
    /// <param name="range">Set if the result is <see cref="DecodeStatus.Ok"/>.</param>
    public static DecodeStatus TryReadRange(ReadOnlySpan<byte> bytes, out KvRange range)
    {
        range = default;
        var status = FrameDecoder.TryOpen(bytes, calibration: null, out var header, out var payload);
        if (status != DecodeStatus.Ok)
            return status;
        if (header.Content != FrameContent.KeysAndValues)
            return DecodeStatus.UnsupportedContent;
        var reader = new ByteReader(payload);
        status = KvFrameShape.TryRead(header, ref reader, out var shape);
        range = shape.Range;
        return status;
    }

    /// <summary>Decodes one frame.</summary>
    /// <param name="bytes">Exactly one frame.</param>
    /// <param name="destination">
    /// Receives the tokens; unchanged unless the result is <see cref="DecodeStatus.Ok"/>. It must have the frame's heads and layers and, for codec 0, its
    /// format, and hold all positions before the frame's first. Positions after the frame's last are forgotten.
    /// </param>
    /// <param name="destinationFirstLayer">The model's number, from 0, of the destination's first layer.</param>
    public static DecodeStatus Decode(ReadOnlySpan<byte> bytes, KvCache destination, int destinationFirstLayer = 0)
    {
        var status = FrameDecoder.TryOpen(bytes, calibration: null, out var header, out var payload);
        if (status != DecodeStatus.Ok)
            return status;
        if (header.Content != FrameContent.KeysAndValues)
            return DecodeStatus.UnsupportedContent;
        var reader = new ByteReader(payload);
        status = KvFrameShape.TryRead(header, ref reader, out var shape);
        if (status == DecodeStatus.Ok)
            status = CheckDestination(header.Codec, shape, destination, destinationFirstLayer);
        if (status != DecodeStatus.Ok)
            return status;
        var firstLayer = shape.Range.Layers.First - destinationFirstLayer;
        try
        {
            return header.Codec == FrameCodec.None
                ? CopyStored(reader.Remaining, shape, destination, firstLayer)
                : DecodeTabq(reader.Remaining, shape, destination, firstLayer);
        }
        catch (Exception error) when (error is KvPoolExhaustedException or UserErrorException { Kind: UserErrorKind.Memory } or OutOfMemoryException)
        {
            return DecodeStatus.DestinationFull;
        }
    }

    private static DecodeStatus CheckDestination(FrameCodec codec, KvFrameShape shape, KvCache destination, int destinationFirstLayer)
    {
        var (layout, range) = (destination.Layout, shape.Range);
        var isSameLayout = shape.KvHeadCount == layout.KvHeadCount && shape.HeadDim == layout.HeadDim
            && (codec != FrameCodec.None || shape.Form == KvFrameShape.FormOf(layout.Format));
        var hasLayers = range.Layers.First >= destinationFirstLayer && range.Layers.End <= destinationFirstLayer + layout.LayerCount;
        if (!isSameLayout || !hasLayers || range.FirstPosition > destination.TokenCount)
            return DecodeStatus.WrongDestination;
        return range.FirstPosition + range.PositionCount > destination.TokenCountMax ? DecodeStatus.DestinationFull : DecodeStatus.Ok;
    }

    private static DecodeStatus CopyStored(ReadOnlySpan<byte> stored, KvFrameShape shape, KvCache destination, int firstLayer)
    {
        var vectorBytes = KvStoredVector.ByteCount(destination.Layout);
        if (stored.Length != (long)shape.VectorCount * vectorBytes)
            return DecodeStatus.Malformed;
        destination.Reserve(shape.Range.FirstPosition, shape.Range.PositionCount);
        foreach (var place in shape.Heads)
        {
            var position = shape.Range.FirstPosition + place.Position;
            destination.WriteStored(firstLayer + place.Layer, place.KvHead, position, stored[..vectorBytes], stored.Slice(vectorBytes, vectorBytes));
            stored = stored[(2 * vectorBytes)..];
        }

        return DecodeStatus.Ok;
    }

    private static DecodeStatus DecodeTabq(ReadOnlySpan<byte> payload, KvFrameShape shape, KvCache destination, int firstLayer)
    {
        var matrix = shape.Matrix;
        if (payload.Length < (long)matrix.RowCount * RowRecord.BytesMin)
            return DecodeStatus.Malformed;
        using var rented = MemoryPool<float>.Shared.Rent(matrix.ValueCount + (2 * shape.HeadDim));
        var decoded = rented.Memory.Span[..matrix.ValueCount];
        if (!TabqDecoder.TryDecode(payload, decoded, matrix.Width))
            return DecodeStatus.Malformed;
        destination.Reserve(shape.Range.FirstPosition, shape.Range.PositionCount);

        var key = rented.Memory.Span.Slice(matrix.ValueCount, shape.HeadDim);
        var value = rented.Memory.Span.Slice(matrix.ValueCount + shape.HeadDim, shape.HeadDim);
        foreach (var place in shape.Heads)
        {
            matrix.CopyFrom(decoded, place, isValue: false, key);
            matrix.CopyFrom(decoded, place, isValue: true, value);
            destination.Write(firstLayer + place.Layer, place.KvHead, shape.Range.FirstPosition + place.Position, key, value);
        }

        return DecodeStatus.Ok;
    }
}
