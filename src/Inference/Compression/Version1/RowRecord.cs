namespace SplitActors.Inference.Compression.Version1;

/// <summary>
/// What the receiver must know of one token before its symbols: the grid and the frequency table.
/// First byte: bits − 1 (3 bits, upper) and shape (5 bits). Bits 2 to 8: bfloat16 scale follows, its sign bit set if −z follows as a varint.
/// One bit: shape 0 is the all-zero token, shape 1 a token of one magnitude, which follows as a float32.
/// </summary>
internal readonly record struct RowRecord(QuantizationGrid Grid, int Shape)
{
    public const int BytesMin = 2;  // this byte and the CSR count

    private const int ShapeBits = 5;
    private const int ConstantShape = 1;

    public static bool TryRead(ref ByteReader reader, out RowRecord record)
    {
        record = default;
        if (!reader.TryReadByte(out var first))
            return false;
        var bits = (first >> ShapeBits) + 1;
        var shape = first & (TableFamily.ShapeCount - 1);
        QuantizationGrid grid;
        var read = bits == QuantizationGrid.ConstantBits ? TryReadConstant(ref reader, shape, out grid) : Compression.RowRecord.TryReadEscaped(ref reader, bits, out grid);
        record = new RowRecord(grid, bits == QuantizationGrid.ConstantBits ? 0 : shape);
        return read;
    }

    private static bool TryReadConstant(ref ByteReader reader, int shape, out QuantizationGrid grid)
    {
        grid = QuantizationGrid.Constant(0);
        if (shape != ConstantShape)
            return shape == 0;
        var read = reader.TryReadSingle(out var magnitude);
        grid = QuantizationGrid.Constant(magnitude);
        return read && magnitude > 0 && float.IsFinite(magnitude);
    }
}
