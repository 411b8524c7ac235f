using System.Buffers.Binary;
using SplitActors.Inference.Compression.KeyValues;

namespace SplitActors.Inference.Compression;

/// <summary>What the rows of a frame are. Values are on the wire; 0 is never used.</summary>
public enum FrameContent
{
    /// <summary>Hidden states at the split, one row per token.</summary>
    HiddenState = 1,

    /// <summary>Keys and values of neighbouring positions, for a cache: one row per position, D wide, for every layer and head.</summary>
    KeysAndValues = 2,
}

/// <summary>How the rows of a frame are coded. Values are on the wire.</summary>
public enum FrameCodec
{
    /// <summary>Float32, little-endian, bit for bit.</summary>
    None = 0,

    /// <summary>Threshold splitting, token-wise adaptive bits, rANS.</summary>
    Tabq = 1,

    /// <summary>Uniform scalar quantization with a step per token, rANS with parametric tables; transforms by a calibration of the split.</summary>
    RateDistortion = 2,
}

/// <summary>
/// The self-describing start of a frame, in version 2: one byte that is magic and version, one with content and codec, rows (unless that byte says there is one) and width as varints.
/// The payload follows, then the CRC32C of everything before it; a frame is all the bytes of the message that carries it. Byte by byte in
/// docs/wire-format.md, with version 1, which is read for as long as there are stored frames.
/// </summary>
public readonly record struct FrameHeader
{
    internal const byte Version2 = 0xA2;
    internal const int ChecksumBytes = sizeof(uint);
    internal const int HeaderBytesMax = FixedBytes + (2 * VarInt.BytesMax);

    /// <summary>Versions from 2 on, read or not, begin with A in the upper half of the byte.</summary>
    private const byte MagicMask = 0xF0;
    private const int FixedBytes = 2;

    /// <summary>In the byte of content and codec: there is one row, and no count.</summary>
    private const int OneRow = 0x80;

    /// <summary>1 or 2.</summary>
    public int Version { get; internal init; }

    public FrameContent Content { get; init; }

    public FrameCodec Codec { get; init; }

    /// <summary>Tokens.</summary>
    public int Rows { get; init; }

    /// <summary>Values per token.</summary>
    public int Width { get; init; }

    public int HeaderBytes { get; internal init; }

    public int PayloadBytes { get; init; }

    public int ValueCount => Rows * Width;

    /// <summary>Header, payload and checksum.</summary>
    public int FrameBytes => HeaderBytes + PayloadBytes + ChecksumBytes;

    /// <summary>Writes the header to the start of <paramref name="destination"/> and returns the bytes used.</summary>
    internal int Write(Span<byte> destination)
    {
        destination[0] = Version2;
        destination[1] = (byte)((Rows == 1 ? OneRow : 0) | ((int)Content << 4) | (int)Codec);
        var position = FixedBytes;
        if (Rows > 1)
            position += VarInt.Write(destination[position..], (uint)Rows);
        return position + VarInt.Write(destination[position..], WidthCode.Of((uint)Width));
    }

    /// <summary>Fills the last bytes of a frame with the checksum of the rest.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="seed">CRC32C of what is taken to stand before the frame: the id of the calibration that a codec used.</param>
    internal static void WriteChecksum(Span<byte> frame, uint seed = 0) =>
        BinaryPrimitives.WriteUInt32LittleEndian(frame[^ChecksumBytes..], Crc32C.Compute(frame[..^ChecksumBytes], seed));

    /// <summary>Reads the header of either version from the bytes of one frame.</summary>
    internal static DecodeStatus TryRead(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (bytes.IsEmpty)
            return DecodeStatus.NeedMoreData;
        if (bytes[0] == Compression.Version1.Header.Magic0)
            return Compression.Version1.Header.TryRead(bytes, out header);
        if ((bytes[0] & MagicMask) != (Version2 & MagicMask))
            return DecodeStatus.BadMagic;
        if (bytes[0] != Version2)
            return DecodeStatus.UnsupportedVersion;
        if (bytes.Length < FixedBytes)
            return DecodeStatus.NeedMoreData;

        Span<uint> sizes = [1, 0];
        var isOneRow = (bytes[1] & OneRow) != 0;
        var position = FixedBytes;
        var status = TryReadContent((byte)(bytes[1] & ~OneRow), out var content, out var codec);
        if (status == DecodeStatus.Ok)
            status = TryReadSizes(bytes, isOneRow ? sizes[1..] : sizes, ref position);
        if (status == DecodeStatus.Ok && !isOneRow && sizes[0] == 1)
            status = DecodeStatus.Malformed;
        if (status == DecodeStatus.Ok)
            status = WidthCode.TryRead(sizes[1], out sizes[1]) ? CheckShape(sizes[0], sizes[1]) : DecodeStatus.Malformed;
        if (status != DecodeStatus.Ok)
            return status;
        var payloadBytes = (long)bytes.Length - position - ChecksumBytes;
        var (rows, width) = (sizes[0], sizes[1]);
        if (payloadBytes < PayloadBytesMin(content, codec, rows, width))
            return DecodeStatus.NeedMoreData;
        if (content == FrameContent.HiddenState && payloadBytes > (long)rows * width * sizeof(float))
            return DecodeStatus.Malformed;
        header = new FrameHeader
        {
            Version = 2,
            Content = content,
            Codec = codec,
            Rows = (int)rows,
            Width = (int)width,
            HeaderBytes = position,
            PayloadBytes = (int)payloadBytes,
        };
        return DecodeStatus.Ok;
    }

    internal static DecodeStatus TryReadContent(byte packed, out FrameContent content, out FrameCodec codec)
    {
        (content, codec) = ((FrameContent)(packed >> 4), (FrameCodec)(packed & 0xF));
        var isKnown = content switch
        {
            FrameContent.HiddenState => codec is FrameCodec.None or FrameCodec.Tabq or FrameCodec.RateDistortion,
            FrameContent.KeysAndValues => codec is FrameCodec.None or FrameCodec.Tabq,
            _ => false,
        };
        return isKnown ? DecodeStatus.Ok : DecodeStatus.UnsupportedContent;
    }

    internal static DecodeStatus TryReadSizes(ReadOnlySpan<byte> bytes, Span<uint> sizes, ref int position)
    {
        foreach (ref var size in sizes)
        {
            var status = VarInt.TryRead(bytes[position..], out size, out var count);
            if (status != DecodeStatus.Ok)
                return status;
            position += count;
        }

        return DecodeStatus.Ok;
    }

    internal static DecodeStatus CheckShape(uint rows, uint width)
    {
        if (rows > FrameLimits.RowsMax || width > FrameLimits.WidthMax || (ulong)rows * width > FrameLimits.ValuesMax)
            return DecodeStatus.TooLarge;
        return rows == 0 || width == 0 ? DecodeStatus.Malformed : DecodeStatus.Ok;
    }

    /// <summary>A short header must not be able to claim many rows: each costs at least its own record in the payload.</summary>
    private static long PayloadBytesMin(FrameContent content, FrameCodec codec, uint rows, uint width) => (content, codec) switch
    {
        (FrameContent.KeysAndValues, _) => KvFrameShape.BytesMin,
        (_, FrameCodec.None) => (long)rows * width * sizeof(float),
        _ => (long)rows * RowRecord.BytesMin,
    };
}
