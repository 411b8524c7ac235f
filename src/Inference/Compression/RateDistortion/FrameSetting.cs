using System.Buffers;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// What the receiver must know of all tokens of a rate–distortion frame. First byte: transform (2 bits, lower), shape of the tables (3 bits), zeros.
/// Second byte: spread, signed. Third byte or more, only with a transform: the split layer, as a varint.
/// </summary>
/// <param name="Transform">What was taken from the hidden states.</param>
/// <param name="Shape">Shape of the frequency tables.</param>
/// <param name="Spread">Table of a column whose offset is 0, before it is limited to the tables that there are.</param>
/// <param name="SplitLayer">Whose calibration; 0 without a transform.</param>
internal readonly record struct FrameSetting(RateDistortionTransform Transform, int Shape, int Spread, int SplitLayer)
{
    private const int TransformBits = 2;
    private const int TransformMask = (1 << TransformBits) - 1;
    private const int BytesMax = 2 + VarInt.BytesMax;

    /// <summary>Whether a payload needs a calibration; false for an empty one.</summary>
    public static bool IsCalibrated(ReadOnlySpan<byte> payload) => !payload.IsEmpty && (payload[0] & TransformMask) != 0;

    public void Write(IBufferWriter<byte> writer)
    {
        var bytes = writer.GetSpan(BytesMax);
        bytes[0] = (byte)((int)Transform | (Shape << TransformBits));
        bytes[1] = (byte)(sbyte)Spread;
        writer.Advance(2 + (Transform == RateDistortionTransform.None ? 0 : VarInt.Write(bytes[2..], (uint)SplitLayer)));
    }

    public static bool TryRead(ref ByteReader reader, out FrameSetting setting)
    {
        setting = default;
        if (!reader.TryReadByte(out var first) || !reader.TryReadByte(out var spread) || first >> TransformBits >= SpreadTables.ShapeCount)
            return false;
        var transform = (RateDistortionTransform)(first & TransformMask);
        var splitLayer = 0u;
        if (transform != RateDistortionTransform.None && !(reader.TryReadVarInt(out splitLayer) && splitLayer <= int.MaxValue))
            return false;
        setting = new FrameSetting(transform, first >> TransformBits, (sbyte)spread, (int)splitLayer);
        return true;
    }
}
