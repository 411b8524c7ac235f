using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Compression;

/// <summary>
/// Reads frames from bytes that anyone may have sent. Never throws and allocates nothing that grows with the input
/// (frequency tables are built once per process, at most 20 MiB). For a frame with a transform it rents from the shared pool, 2 bytes per column, and
/// 64 more per column where the transform rotates; the pool allocates them if it has none.
/// </summary>
public static class FrameDecoder
{
    /// <summary>Reads the header alone, so that the caller can find a destination. Sizes are within <see cref="FrameLimits"/>.</summary>
    /// <param name="bytes">One frame: version 2 has no length of its own.</param>
    /// <param name="header">The frame's header, if it could be read.</param>
    public static DecodeStatus TryReadHeader(ReadOnlySpan<byte> bytes, out FrameHeader header) => FrameHeader.TryRead(bytes, out header);

    /// <summary>Decodes one frame.</summary>
    /// <param name="bytes">Exactly one frame; anything after it is malformed.</param>
    /// <param name="hidden">[rows, width] of the header. Unspecified unless the result is <see cref="DecodeStatus.Ok"/>.</param>
    /// <param name="header">The frame's header, if it could be read.</param>
    /// <param name="calibration">Of the split, for rate–distortion frames that use one.</param>
    /// <param name="embeddings">[rows, width] The embedding of each token, for rate–distortion frames that predict.</param>
    public static DecodeStatus Decode(
        ReadOnlySpan<byte> bytes, Span<float> hidden, out FrameHeader header, SplitCalibration? calibration = null, ReadOnlySpan<float> embeddings = default)
    {
        var status = TryOpen(bytes, calibration, out header, out var payload);
        if (status != DecodeStatus.Ok)
            return status;
        if (header.Content != FrameContent.HiddenState)
            return DecodeStatus.UnsupportedContent;
        if (hidden.Length != header.ValueCount)
            return DecodeStatus.WrongDestination;

        if (header.Codec == FrameCodec.None)
        {
            CopyRaw(payload, hidden);
            return DecodeStatus.Ok;
        }

        if (header.Codec == FrameCodec.RateDistortion)
            return RateDistortionDecoder.Decode(payload, hidden, header.Width, calibration, embeddings);
        var isWhole = header.Version == 1
            ? Version1.TabqDecoder.TryDecode(payload, hidden, header.Width)
            : TabqDecoder.TryDecode(payload, hidden, header.Width);
        return isWhole ? DecodeStatus.Ok : DecodeStatus.Malformed;
    }

    /// <summary>Reads the header and checks length and checksum.</summary>
    internal static DecodeStatus TryOpen(ReadOnlySpan<byte> bytes, SplitCalibration? calibration, out FrameHeader header, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        var status = FrameHeader.TryRead(bytes, out header);
        if (status != DecodeStatus.Ok)
            return status;
        if (bytes.Length < header.FrameBytes)
            return DecodeStatus.NeedMoreData;
        var end = header.FrameBytes - FrameHeader.ChecksumBytes;
        var content = bytes[header.HeaderBytes..end];
        var isCalibrated = header.Codec == FrameCodec.RateDistortion && FrameSetting.IsCalibrated(content);
        if (isCalibrated && calibration is null)
            return DecodeStatus.MissingContext;
        if (Crc32C.Compute(bytes[..end], isCalibrated ? calibration!.ChecksumSeed : 0) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[end..]))
            return DecodeStatus.BadChecksum;
        if (bytes.Length > header.FrameBytes)
            return DecodeStatus.Malformed;
        payload = content;
        return DecodeStatus.Ok;
    }

    private static void CopyRaw(ReadOnlySpan<byte> payload, Span<float> hidden)
    {
        if (BitConverter.IsLittleEndian)
        {
            payload.CopyTo(MemoryMarshal.AsBytes(hidden));
            return;
        }

        for (var i = 0; i < hidden.Length; i++)
            hidden[i] = BinaryPrimitives.ReadSingleLittleEndian(payload[(i * sizeof(float))..]);
    }
}
