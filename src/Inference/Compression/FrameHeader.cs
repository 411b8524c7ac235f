namespace SplitActors.Inference.Compression;

/// <summary>What the rows of a frame are. Values are on the wire; 0 is never used.</summary>
public enum FrameContent
{
    /// <summary>Hidden states at the split, one row per token.</summary>
    HiddenState = 1,
}

/// <summary>How the rows of a frame are coded. Values are on the wire.</summary>
public enum FrameCodec
{
    /// <summary>Float32, little-endian, bit for bit.</summary>
    None = 0,

    /// <summary>Threshold splitting, token-wise adaptive bits, rANS.</summary>
    Tabq = 1,
}

/// <summary>
/// The self-describing start of a frame: magic "SF", version, content and codec (4 bits each), rows, width and payload bytes as varints.
/// The payload follows, then the CRC32C of everything before it. Byte by byte in docs/wire-format.md.
/// </summary>
public readonly record struct FrameHeader
{
    internal const byte Magic0 = (byte)'S';
    internal const byte Magic1 = (byte)'F';
    internal const byte Version = 1;
    internal const int ChecksumBytes = sizeof(uint);
    internal const int HeaderBytesMax = FixedBytes + (3 * VarInt.BytesMax);
    private const int FixedBytes = 4;

    public FrameContent Content { get; init; }

    public FrameCodec Codec { get; init; }

    /// <summary>Tokens.</summary>
    public int Rows { get; init; }

    /// <summary>Values per token.</summary>
    public int Width { get; init; }

    public int HeaderBytes { get; private init; }

    public int PayloadBytes { get; init; }

    public int ValueCount => Rows * Width;

    /// <summary>Header, payload and checksum.</summary>
    public int FrameBytes => HeaderBytes + PayloadBytes + ChecksumBytes;

    /// <summary>Writes the header to the start of <paramref name="destination"/> and returns the bytes used.</summary>
    internal int Write(Span<byte> destination)
    {
        destination[0] = Magic0;
        destination[1] = Magic1;
        destination[2] = Version;
        destination[3] = (byte)(((int)Content << 4) | (int)Codec);
        var position = FixedBytes;
        position += VarInt.Write(destination[position..], (uint)Rows);
        position += VarInt.Write(destination[position..], (uint)Width);
        position += VarInt.Write(destination[position..], (uint)PayloadBytes);
        return position;
    }

    internal static DecodeStatus TryRead(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if ((bytes.Length > 0 && bytes[0] != Magic0) || (bytes.Length > 1 && bytes[1] != Magic1))
            return DecodeStatus.BadMagic;
        if (bytes.Length > 2 && bytes[2] != Version)
            return DecodeStatus.UnsupportedVersion;
        if (bytes.Length < FixedBytes)
            return DecodeStatus.NeedMoreData;
        var content = (FrameContent)(bytes[3] >> 4);
        var codec = (FrameCodec)(bytes[3] & 0xF);
        if (content is not FrameContent.HiddenState || codec is not (FrameCodec.None or FrameCodec.Tabq))
            return DecodeStatus.UnsupportedContent;

        Span<uint> sizes = stackalloc uint[3];
        var position = FixedBytes;
        for (var i = 0; i < sizes.Length; i++)
        {
            var status = VarInt.TryRead(bytes[position..], out sizes[i], out var count);
            if (status != DecodeStatus.Ok)
                return status;
            position += count;
        }

        var (rows, width, payloadBytes) = (sizes[0], sizes[1], sizes[2]);
        if (rows > FrameLimits.RowsMax || width > FrameLimits.WidthMax || (ulong)rows * width > FrameLimits.ValuesMax || payloadBytes > FrameLimits.PayloadBytesMax)
            return DecodeStatus.TooLarge;
        if (rows == 0 || width == 0 || !IsPlausible(codec, rows, width, payloadBytes))
            return DecodeStatus.Malformed;
        header = new FrameHeader
        {
            Content = content,
            Codec = codec,
            Rows = (int)rows,
            Width = (int)width,
            HeaderBytes = position,
            PayloadBytes = (int)payloadBytes,
        };
        return DecodeStatus.Ok;
    }

    /// <summary>A short header must not be able to claim many rows: each costs at least its own record in the payload.</summary>
    private static bool IsPlausible(FrameCodec codec, uint rows, uint width, uint payloadBytes) =>
        codec == FrameCodec.None
            ? payloadBytes == (ulong)rows * width * sizeof(float)
            : payloadBytes >= SymbolEncoder.CodingBytes + ((ulong)rows * RowRecord.BytesMin);
}
