using System.Buffers;
using System.Buffers.Binary;

namespace SplitActors.Inference.Compression;

/// <summary>
/// What the receiver must know of one token before its symbols: the grid, the frequency table, and whether outliers follow.
/// First byte: bits − 1 (3 bits, upper) and shape (5 bits). Bits 2 to 8: outlier flag (upper bit) and <see cref="ScaleCode"/>; after the
/// escape a bfloat16 scale, its sign bit set if −z follows as a varint.
/// One bit: shape bit 0 is the outlier flag, shape bit 1 tells a token of one magnitude, which follows as a float32, from an all-zero one.
/// </summary>
internal readonly record struct RowRecord(QuantizationGrid Grid, int Shape, bool HasOutliers)
{
    public const int BytesMin = 1;

    private const int ShapeBits = 5;
    private const int ConstantShape = 2;
    private const int ConstantOutlierFlag = 1;
    private const int OutlierFlag = 1 << ScaleCode.Bits;
    private const ushort ZeroPointFollows = 0x8000;
    private const int BytesMax = 2 + sizeof(ushort) + VarInt.BytesMax;

    public void Write(IBufferWriter<byte> writer)
    {
        var bytes = writer.GetSpan(BytesMax);
        writer.Advance(Grid.Bits == QuantizationGrid.ConstantBits ? WriteConstant(bytes) : WriteGrid(bytes));
    }

    public static bool TryRead(ref ByteReader reader, out RowRecord record)
    {
        record = default;
        if (!reader.TryReadByte(out var first))
            return false;
        var bits = (first >> ShapeBits) + 1;
        var shape = first & (TableFamily.ShapeCount - 1);
        return bits == QuantizationGrid.ConstantBits ? TryReadConstant(ref reader, shape, out record) : TryReadGrid(ref reader, bits, shape, out record);
    }

    private int WriteConstant(Span<byte> bytes)
    {
        bytes[0] = (byte)((Grid.IsZero ? 0 : ConstantShape) | (HasOutliers ? ConstantOutlierFlag : 0));
        if (Grid.IsZero)
            return 1;
        BinaryPrimitives.WriteSingleLittleEndian(bytes[1..], Grid.Scale);
        return 1 + sizeof(float);
    }

    private int WriteGrid(Span<byte> bytes)
    {
        var code = Grid.ZeroPoint == 0 ? ScaleCode.ToCode(Grid.Scale) : ScaleCode.Escape;
        bytes[0] = (byte)(((Grid.Bits - 1) << ShapeBits) | Shape);
        bytes[1] = (byte)(code | (HasOutliers ? OutlierFlag : 0));
        if (code != ScaleCode.Escape)
            return 2;
        var hasZeroPoint = Grid.ZeroPoint < 0;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], (ushort)(Bfloat16.ToBits(Grid.Scale) | (hasZeroPoint ? ZeroPointFollows : 0)));
        var count = 2 + sizeof(ushort);
        return hasZeroPoint ? count + VarInt.Write(bytes[count..], (uint)-Grid.ZeroPoint) : count;
    }

    private static bool TryReadConstant(ref ByteReader reader, int shape, out RowRecord record)
    {
        var magnitude = 0f;
        var read = shape < 2 * ConstantShape && (shape < ConstantShape || (reader.TryReadSingle(out magnitude) && magnitude > 0 && float.IsFinite(magnitude)));
        record = new RowRecord(QuantizationGrid.Constant(magnitude), 0, (shape & ConstantOutlierFlag) != 0);
        return read;
    }

    private static bool TryReadGrid(ref ByteReader reader, int bits, int shape, out RowRecord record)
    {
        record = default;
        if (!reader.TryReadByte(out var second))
            return false;
        var code = second & (OutlierFlag - 1);
        var grid = code == ScaleCode.Escape ? default : new QuantizationGrid(bits, ScaleCode.FromCode(code), 0);
        var read = code != ScaleCode.Escape || TryReadEscaped(ref reader, bits, out grid);
        record = new RowRecord(grid, shape, (second & OutlierFlag) != 0);
        return read;
    }

    /// <summary>A scale as bfloat16, whose sign bit says that −z follows as a varint; so version 1 has every scale.</summary>
    internal static bool TryReadEscaped(ref ByteReader reader, int bits, out QuantizationGrid grid)
    {
        grid = default;
        if (!reader.TryReadUInt16(out var packed))
            return false;
        var hasZeroPoint = (packed & ZeroPointFollows) != 0;
        var scale = Bfloat16.FromBits((ushort)(packed & ~ZeroPointFollows));
        var negatedZeroPoint = 0u;
        if (hasZeroPoint && !(reader.TryReadVarInt(out negatedZeroPoint) && negatedZeroPoint is > 0 and <= int.MaxValue))
            return false;
        grid = new QuantizationGrid(bits, scale, -(int)negatedZeroPoint);
        return scale > 0 && float.IsFinite(scale);
    }
}
