namespace SplitActors.Inference.Compression.Entropy;

/// <summary>A row on its way through an encoding loop, last column first.</summary>
internal unsafe ref struct RansSourceRow
{
    /// <summary>[tables, 256] See <see cref="RansTables.Symbols"/>.</summary>
    public required RansSymbol* Tables;

    /// <summary>[width], or nothing where one table serves all columns.</summary>
    public required ushort* ColumnTables;

    /// <summary>[width]</summary>
    public required byte* Symbols;

    /// <summary>[lanes]</summary>
    public required uint* States;

    /// <summary>The next word goes before this one. <see cref="RansEncoder.SlackBytes"/> more than the words may be written over.</summary>
    public required byte* Words;

    public required int LaneCount;

    /// <summary>Columns from this one on are done.</summary>
    public required int Column;

    /// <summary>Frequency − 1 of all symbols, joined: negative if a table lacked its symbol.</summary>
    public long Lacking;
}
