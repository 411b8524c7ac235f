using System.Numerics;
using System.Runtime.CompilerServices;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>Where a row's loop finds the table of a column; a type parameter, so that a row of one table does not look.</summary>
internal unsafe interface ITableChoice
{
    static abstract bool IsPerColumn { get; }

    /// <summary>First element of the column's table, of <paramref name="stride"/> elements each.</summary>
    static abstract nint Index(ushort* columnTables, int column, int stride);
}

/// <summary>The arena starts at the one table.</summary>
internal readonly unsafe struct OneTable : ITableChoice
{
    public static bool IsPerColumn => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Index(ushort* columnTables, int column, int stride) => 0;
}

internal readonly unsafe struct TablePerColumn : ITableChoice
{
    public static bool IsPerColumn => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Index(ushort* columnTables, int column, int stride) => (nint)columnTables[column] * stride;
}

/// <summary>What the loops over a row have in common.</summary>
internal static class RansRows
{
    public static void ThrowIfUnfit(int width, RansTables tables, ReadOnlySpan<ushort> columnTables)
    {
        if (columnTables.Length != width)
            throw new ArgumentException($"Expected {width} table numbers, found {columnTables.Length}.", nameof(columnTables));
        if (columnTables.ContainsAnyExceptInRange((ushort)0, (ushort)(tables.Count - 1)))
            throw new ArgumentException($"A column names a table of {tables.Count} or above.", nameof(columnTables));
    }

    /// <summary>Bytes of a state without upper zero bytes, 0 to 4.</summary>
    public static int StateBytes(uint state) => (32 - BitOperations.LeadingZeroCount(state) + 7) / 8;
}
