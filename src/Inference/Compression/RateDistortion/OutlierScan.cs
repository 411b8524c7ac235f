using System.Numerics;
using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>Finds the values that their column's table lacks.</summary>
internal static class OutlierScan
{
    /// <param name="symbols">[width] Those above their limit become 0.</param>
    /// <param name="symbolMax">[width] Largest symbol of each column.</param>
    /// <param name="columns">[width] Receives their columns, ascending.</param>
    /// <returns>How many there are.</returns>
    public static int TakeOut(Span<byte> symbols, ReadOnlySpan<byte> symbolMax, Span<int> columns)
    {
        symbolMax = symbolMax[..symbols.Length];
        var (count, column) = (0, 0);
        for (; column <= symbols.Length - Vector512<byte>.Count; column += Vector512<byte>.Count)
        {
            var block = Vector512.LoadUnsafe(ref symbols[column]);
            var isAbove = Vector512.GreaterThan(block, Vector512.LoadUnsafe(in symbolMax[column]));
            var leaving = isAbove.ExtractMostSignificantBits();
            if (leaving == 0)
                continue;
            (block & ~isAbove).StoreUnsafe(ref symbols[column]);
            for (; leaving != 0; leaving &= leaving - 1)
                columns[count++] = column + BitOperations.TrailingZeroCount(leaving);
        }

        for (; column < symbols.Length; column++)
        {
            if (symbols[column] <= symbolMax[column])
                continue;
            symbols[column] = 0;
            columns[count++] = column;
        }

        return count;
    }
}
