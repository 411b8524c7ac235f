using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>Which frequency table each column of a frame has.</summary>
internal static class ColumnTables
{
    /// <summary>Names the table of each column and fills those tables.</summary>
    /// <param name="setting">Of the frame.</param>
    /// <param name="offsets">[width] Of the columns.</param>
    /// <param name="tables">[width]</param>
    public static void Fill(FrameSetting setting, ColumnOffsets offsets, Span<ushort> tables)
    {
        var (first, last) = Range(setting, offsets);
        SpreadTables.For(setting.Shape).Tables.Fill(first, last);
        if (offsets.IsEmpty)
        {
            tables.Fill((ushort)first);
            return;
        }

        var values = offsets.Values[..tables.Length];
        var column = 0;
        for (; column <= tables.Length - Vector256<sbyte>.Count; column += Vector256<sbyte>.Count)
        {
            var (lower, upper) = Vector256.Widen(Vector256.LoadUnsafe(in values[column]));
            TablesOf(setting.Spread, lower).StoreUnsafe(ref tables[column]);
            TablesOf(setting.Spread, upper).StoreUnsafe(ref tables[column + Vector256<short>.Count]);
        }

        for (; column < tables.Length; column++)
            tables[column] = (ushort)SpreadTables.TableOf(setting.Spread, values[column]);
    }

    /// <summary>The largest symbol of each column's table.</summary>
    /// <param name="setting">Of the frame.</param>
    /// <param name="offsets">[width] Of the columns.</param>
    /// <param name="tables">[width] From <see cref="Fill"/>.</param>
    /// <param name="symbolMax">[width]</param>
    public static void Limits(FrameSetting setting, ColumnOffsets offsets, ReadOnlySpan<ushort> tables, Span<byte> symbolMax)
    {
        var shape = SpreadTables.For(setting.Shape);
        var (first, last) = Range(setting, offsets);
        Span<byte> limits = stackalloc byte[SpreadTables.Count];
        for (var table = first; table <= last; table++)
            limits[table] = (byte)(2 * shape.LevelMax(table));
        if (first == last)
        {
            symbolMax.Fill(limits[first]);
            return;
        }

        symbolMax = symbolMax[..tables.Length];
        for (var column = 0; column < symbolMax.Length; column++)
            symbolMax[column] = limits[tables[column]];
    }

    private static (int First, int Last) Range(FrameSetting setting, ColumnOffsets offsets) =>
        (SpreadTables.TableOf(setting.Spread, offsets.Min), SpreadTables.TableOf(setting.Spread, offsets.Max));

    private static Vector256<ushort> TablesOf(int spread, Vector256<short> offsets)
    {
        var tables = offsets + Vector256.Create((short)spread);
        return Vector256.Min(Vector256.Max(tables, Vector256<short>.Zero), Vector256.Create((short)(SpreadTables.Count - 1))).AsUInt16();
    }
}
