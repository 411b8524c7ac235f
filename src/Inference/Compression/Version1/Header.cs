namespace SplitActors.Inference.Compression.Version1;

/// <summary>The start of a frame of version 1: magic "SF", version, content and codec (4 bits each), rows, width and payload bytes as varints.</summary>
internal static class Header
{
    public const byte Magic0 = (byte)'S';
    private const byte Magic1 = (byte)'F';
    private const byte Version = 1;
    private const int FixedBytes = 4;

    public static DecodeStatus TryRead(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (bytes.Length > 1 && bytes[1] != Magic1)
            return DecodeStatus.BadMagic;
        if (bytes.Length > 2 && bytes[2] != Version)
            return DecodeStatus.UnsupportedVersion;
        if (bytes.Length < FixedBytes)
            return DecodeStatus.NeedMoreData;

        Span<uint> sizes = stackalloc uint[3];
        var position = FixedBytes;
        var status = FrameHeader.TryReadContent(bytes[3], out var content, out var codec);
        if (status == DecodeStatus.Ok && codec == FrameCodec.RateDistortion)
            status = DecodeStatus.UnsupportedContent;
        if (status == DecodeStatus.Ok)
            status = FrameHeader.TryReadSizes(bytes, sizes, ref position);
        if (status != DecodeStatus.Ok)
            return status;
        if (content != FrameContent.HiddenState)
            return DecodeStatus.UnsupportedContent;
        var (rows, width, payloadBytes) = (sizes[0], sizes[1], sizes[2]);
        status = payloadBytes > FrameLimits.PayloadBytesMax ? DecodeStatus.TooLarge : FrameHeader.CheckShape(rows, width);
        if (status != DecodeStatus.Ok)
            return status;
        if (!IsPlausible(codec, rows, width, payloadBytes))
            return DecodeStatus.Malformed;
        header = new FrameHeader
        {
            Version = Version,
            Content = content,
            Codec = codec,
            Rows = (int)rows,
            Width = (int)width,
            HeaderBytes = position,
            PayloadBytes = (int)payloadBytes,
        };
        return DecodeStatus.Ok;
    }

    private static bool IsPlausible(FrameCodec codec, uint rows, uint width, uint payloadBytes) =>
        codec == FrameCodec.None ? payloadBytes == (ulong)rows * width * sizeof(float) : payloadBytes >= TabqDecoder.PayloadBytesMin(rows);
}
