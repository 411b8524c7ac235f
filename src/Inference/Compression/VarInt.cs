using System.Buffers;

namespace SplitActors.Inference.Compression;

/// <summary>Unsigned LEB128: seven bits per byte, least significant first, the top bit set on all but the last byte.</summary>
internal static class VarInt
{
    public const int BytesMax = 5;

    /// <summary>Writes <paramref name="value"/> to the start of <paramref name="destination"/> and returns the bytes used.</summary>
    public static int Write(Span<byte> destination, uint value)
    {
        var count = 0;
        for (; value >= 0x80; value >>= 7)
            destination[count++] = (byte)(value | 0x80);
        destination[count++] = (byte)value;
        return count;
    }

    public static void Write(IBufferWriter<byte> writer, uint value) => writer.Advance(Write(writer.GetSpan(BytesMax), value));

    /// <summary>Reads one value. Encodings that are longer than needed are malformed, so that a value has one encoding.</summary>
    public static DecodeStatus TryRead(ReadOnlySpan<byte> bytes, out uint value, out int byteCount)
    {
        value = 0;
        for (byteCount = 0; byteCount < BytesMax;)
        {
            if (byteCount == bytes.Length)
                return DecodeStatus.NeedMoreData;
            var next = bytes[byteCount];
            if (byteCount == BytesMax - 1 && next > 0x0F)
                return DecodeStatus.Malformed;
            value |= (uint)(next & 0x7F) << (7 * byteCount++);
            if (next < 0x80)
                return next == 0 && byteCount > 1 ? DecodeStatus.Malformed : DecodeStatus.Ok;
        }

        return DecodeStatus.Malformed;
    }
}
