using System.Buffers.Binary;
using System.Numerics;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression.Fuzzing;

/// <summary>The end of a frame as docs/wire-format.md states it, so that damaged frames reach what lies behind the checksum.</summary>
/// <param name="calibration">Stands before frames that use one.</param>
internal sealed class FrameChecksum(SplitCalibration calibration)
{
    public const int ByteCount = sizeof(uint);

    private const int TransformMask = 3;

    /// <summary>Makes the checksum, and in version 1 the payload's length where it keeps its bytes, fit what is there.</summary>
    public void Repair(Span<byte> frame)
    {
        if (frame.Length < ByteCount)
            return;
        var isFrame = FrameDecoder.TryReadHeader(frame, out var header) == DecodeStatus.Ok;
        var payloadBytes = frame.Length - header.HeaderBytes - ByteCount;
        if (isFrame && header.Version == 1 && payloadBytes > 0)
            WriteLength(frame[..header.HeaderBytes], header.PayloadBytes, payloadBytes);
        var isCalibrated = isFrame && header.Codec == FrameCodec.RateDistortion && payloadBytes > 0 && (frame[header.HeaderBytes] & TransformMask) != 0;
        BinaryPrimitives.WriteUInt32LittleEndian(frame[^ByteCount..], Compute(frame[..^ByteCount], isCalibrated));
    }

    private static void WriteLength(Span<byte> header, int before, int after)
    {
        var byteCount = VarIntBytes(before);
        if (VarIntBytes(after) != byteCount)
            return;
        for (var i = 0; i < byteCount; i++)
            header[^(byteCount - i)] = (byte)(((after >> (7 * i)) & 0x7F) | (i < byteCount - 1 ? 0x80 : 0));
    }

    private static int VarIntBytes(int value) => 1 + (BitOperations.Log2((uint)value | 1) / 7);

    private uint Compute(ReadOnlySpan<byte> bytes, bool isCalibrated)
    {
        var crc = uint.MaxValue;
        if (isCalibrated)
            crc = BitOperations.Crc32C(BitOperations.Crc32C(crc, calibration.Id), (uint)calibration.SplitLayer);
        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
