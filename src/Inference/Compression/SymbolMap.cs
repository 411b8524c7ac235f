using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression;

/// <summary>Rows of levels and signs to symbols, and of symbols to values; symbol by symbol it is <see cref="QuantizationGrid"/>'s.</summary>
internal static class SymbolMap
{
    /// <summary>Up to so many levels are counted by comparing; more of them one value at a time.</summary>
    private const int ComparedLevelsMax = 16;

    /// <summary>Joins levels and the signs of the values to symbols.</summary>
    /// <param name="grid">The token's grid.</param>
    /// <param name="values">[width]</param>
    /// <param name="levels">[width]</param>
    /// <param name="symbols">[width]</param>
    public static void ToSymbols(QuantizationGrid grid, ReadOnlySpan<float> values, ReadOnlySpan<byte> levels, Span<byte> symbols)
    {
        levels = levels[..values.Length];
        symbols = symbols[..values.Length];
        var column = 0;
        var signless = Vector512.Create(grid.ZeroLevelHasSign ? 0 : 1);  // without a sign at level 0 all symbols above it move down by one
        for (; column <= values.Length - Vector512<int>.Count; column += Vector512<int>.Count)
        {
            var isNegative = Vector512.LessThan(Vector512.LoadUnsafe(in values[column]), Vector512<float>.Zero).AsInt32();
            var symbol = Vector512.ShiftLeft(ByteLanes.Load(in levels[column]), 1) - isNegative - signless;
            ByteLanes.Store(symbol & ~Vector512.Equals(ByteLanes.Load(in levels[column]), signless - Vector512<int>.One), ref symbols[column]);
        }

        for (; column < values.Length; column++)
            symbols[column] = (byte)grid.SymbolOf(levels[column], values[column] < 0);
    }

    /// <summary>How often each level occurs.</summary>
    /// <param name="levels">[width]</param>
    /// <param name="counts">[Q_max + 1]</param>
    public static void Count(ReadOnlySpan<byte> levels, Span<int> counts)
    {
        counts.Clear();
        var column = 0;
        if (counts.Length <= ComparedLevelsMax)
        {
            for (; column <= levels.Length - Vector512<byte>.Count; column += Vector512<byte>.Count)
            {
                var block = Vector512.LoadUnsafe(in levels[column]);
                for (var level = 0; level < counts.Length; level++)
                    counts[level] += BitOperations.PopCount(Vector512.Equals(block, Vector512.Create((byte)level)).ExtractMostSignificantBits());
            }
        }

        foreach (var level in levels[column..])
            counts[level]++;
    }

    /// <summary>
    /// Turns symbols into values where they are: <paramref name="row"/> ends with its symbols as bytes (<see cref="SymbolsOf"/>), which are read before they are
    /// written over.
    /// </summary>
    /// <param name="grid">The token's grid.</param>
    /// <param name="row">[width] Receives the values.</param>
    public static void ToValues(QuantizationGrid grid, Span<float> row)
    {
        ReadOnlySpan<byte> symbols = SymbolsOf(row);
        var column = 0;
        if (!grid.ZeroLevelHasSign)
        {
            for (; column <= row.Length - Vector512<int>.Count; column += Vector512<int>.Count)
            {
                var symbol = ByteLanes.Load(in symbols[column]);
                var negate = (symbol & Vector512<int>.One) - Vector512<int>.One;  // −1 for even symbols
                var level = (Vector512.ShiftRightLogical(symbol + Vector512<int>.One, 1) ^ negate) - negate;
                (Vector512.ConvertToSingle(level) * grid.Scale).StoreUnsafe(ref row[column]);
            }
        }

        for (; column < row.Length; column++)
            row[column] = grid.Dequantize(symbols[column]);
    }

    /// <summary>[width] The last bytes of a row, where its symbols are kept until they become values.</summary>
    public static Span<byte> SymbolsOf(Span<float> row) =>
        MemoryMarshal.AsBytes(row)[^row.Length..];
}
