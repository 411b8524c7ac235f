namespace SplitActors.Inference.Compression.Entropy;

/// <summary>A row on its way through a decoding loop.</summary>
internal unsafe ref struct RansRow
{
    /// <summary>[tables, 2^12] See <see cref="RansTables.Slots"/>.</summary>
    public required uint* Slots;

    /// <summary>[width], or nothing where one table serves all columns.</summary>
    public required ushort* ColumnTables;

    /// <summary>[width] Receives the symbols.</summary>
    public required byte* Symbols;

    /// <summary>[lanes]</summary>
    public required uint* States;

    /// <summary>The next word.</summary>
    public required byte* Words;

    public required byte* WordsEnd;

    public required int Width;

    public required int LaneCount;

    /// <summary>Columns before this one are done.</summary>
    public int Column;
}
