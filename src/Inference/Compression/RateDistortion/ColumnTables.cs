namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>Which frequency table each column of a frame has.</summary>
internal static class ColumnTables
{
    /// <param name="spread">Of the frame.</param>
    /// <param name="offsets">[width] Of the columns; empty: all 0.</param>
    /// <param name="tables">[width]</param>
    public static void Fill(int spread, ReadOnlySpan<sbyte> offsets, Span<ushort> tables)
    {
        if (offsets.IsEmpty)
        {
            tables.Fill((ushort)SpreadTables.TableOf(spread, offset: 0));
            return;
        }

        for (var column = 0; column < tables.Length; column++)
            tables[column] = (ushort)SpreadTables.TableOf(spread, offsets[column]);
    }
}
