namespace SplitActors.Inference.Quantization;

/// <summary>
/// Where the bytes of a quantized matrix W [rows, columns] lie, in memory as in a file. Sixteen rows make a tile; tiles follow each other:
/// <list type="number">
/// <item>the tile's scales, [groups][16 rows] fp16, padded to 64 bytes;</item>
/// <item>its codes, [blocks of 32 columns][planes][16 rows][4 bytes], where row r of a plane is the r-th 32-bit lane of a 512-bit register, so that
/// one instruction multiplies four columns of all rows. Byte i of a row's lane holds:
/// <list type="bullet">
/// <item>8 bits, plane p of 8: the code of column 4p + i;</item>
/// <item>4 bits, plane p of 4: column 8p + i in the low half and 8p + 4 + i in the high half;</item>
/// <item>2 bits, plane p of 2: column 16p + 4j + i in bits 2j and 2j + 1, j = 0 … 3;</item>
/// <item>3 bits: the low two bits of each code as for 2 bits, then one plane with the high bit of column 4j + i in bit j, j = 0 … 7.</item>
/// </list></item>
/// </list>
/// Rows are padded to tiles and columns to blocks, with codes for weight 0 and scales of 0.
/// </summary>
public readonly record struct TileLayout
{
    /// <summary>Rows of a tile: the 32-bit lanes of a 512-bit register.</summary>
    public const int TileRows = 16;

    /// <summary>Columns of a block: those that share one scale of the activations.</summary>
    public const int BlockColumns = 32;

    /// <summary>Alignment of a matrix, and size of a plane.</summary>
    public const int PlaneBytes = 64;

    private const int ScaleBytes = sizeof(ushort);

    /// <exception cref="ArgumentException">The format is not a quantized one.</exception>
    public TileLayout(int rowCount, int columnCount, WeightFormat format)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rowCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columnCount);
        if (!format.IsQuantized || !format.IsSupported)
            throw new ArgumentException($"{format} has no tiles.", nameof(format));
        (RowCount, ColumnCount, Format) = (rowCount, columnCount, format);
        TileCount = DivideUp(rowCount, TileRows);
        BlockCount = DivideUp(columnCount, BlockColumns);
        GroupCount = DivideUp(columnCount, format.GroupSize);
        ScalesBytes = DivideUp(GroupCount * TileRows * ScaleBytes, PlaneBytes) * PlaneBytes;
        TileBytes = ScalesBytes + ((long)BlockCount * BlockBytes);
    }

    public int RowCount { get; }

    public int ColumnCount { get; }

    public WeightFormat Format { get; }

    public int TileCount { get; }

    /// <summary>Blocks of 32 columns in a row.</summary>
    public int BlockCount { get; }

    /// <summary>Scales of a row.</summary>
    public int GroupCount { get; }

    /// <summary>Planes of a block: 64 bytes for each bit of a code.</summary>
    public int PlaneCount => Format.Bits;

    public int BlockBytes => PlaneCount * PlaneBytes;

    /// <summary>Bytes of a tile's scales, and so the offset of its codes.</summary>
    public int ScalesBytes { get; }

    public long TileBytes { get; }

    /// <summary>Bytes of the whole matrix.</summary>
    public long ByteCount => TileCount * TileBytes;

    private static int DivideUp(int value, int divisor) => ((value - 1) / divisor) + 1;
}
