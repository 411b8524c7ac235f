using System.Buffers;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// What the receiver must know of all tokens of a rate–distortion frame. First byte: transform (2 bits, lower), shape of the tables (3 bits), zeros.
/// Second byte: spread, signed. Whose calibration it is, the checksum tells.
/// </summary>
/// <param name="Transform">What was taken from the hidden states.</param>
/// <param name="Shape">Shape of the frequency tables.</param>
/// <param name="Spread">Table of a column whose offset is 0, before it is limited to the tables that there are.</param>
internal readonly record struct FrameSetting(RateDistortionTransform Transform, int Shape, int Spread)
{
    private const int TransformBits = 2;
    private const int TransformMask = (1 << TransformBits) - 1;
    private const int ByteCount = 2;

    /// <summary>Whether a payload needs a calibration; false for an empty one.</summary>
    public static bool IsCalibrated(ReadOnlySpan<byte> payload) => !payload.IsEmpty && (payload[0] & TransformMask) != 0;

    public void Write(IBufferWriter<byte> writer)
    {
        var bytes = writer.GetSpan(ByteCount);
        bytes[0] = (byte)((int)Transform | (Shape << TransformBits));
        bytes[1] = (byte)(sbyte)Spread;
        writer.Advance(ByteCount);
    }

    public static bool TryRead(ref ByteReader reader, out FrameSetting setting)
    {
        setting = default;
        if (!reader.TryReadByte(out var first) || !reader.TryReadByte(out var spread) || first >> TransformBits >= SpreadTables.ShapeCount)
            return false;
        setting = new FrameSetting((RateDistortionTransform)(first & TransformMask), first >> TransformBits, (sbyte)spread);
        return true;
    }
}
