using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>
/// Decodes a row: slot = x mod 2^12, the symbol is that of the slot, x ← f · ⌊x / 2^12⌋ + slot − start, then x ← 2^16 · x + word if x &lt; 2^16.
/// Blocks of lanes run in registers; a partial block and the end of the words are left to <see cref="DecodeScalar"/>.
/// </summary>
internal static unsafe class RansRowDecoder
{
    public static void Decode<TTables>(ref RansRow row)
        where TTables : struct, ITableChoice
    {
        if (row.LaneCount == RansStream.LaneCountMax && RansRowDecoder512.IsSupported)
            RansRowDecoder512.DecodeBlocks<TTables>(ref row);
        else if (row.LaneCount == RansStream.LaneCountMax && Avx2.IsSupported)
            RansRowDecoder256.DecodeBlocks<TTables>(ref row);
        else if (row.LaneCount == FourLanes.Count)
            FourLanes.DecodeBlocks<TTables>(ref row);
        DecodeScalar<TTables>(ref row);
    }

    /// <summary>The reference, for any number of lanes.</summary>
    public static void DecodeScalar<TTables>(ref RansRow row)
        where TTables : struct, ITableChoice
    {
        var laneMask = row.LaneCount - 1;
        var words = row.Words;
        for (var column = row.Column; column < row.Width; column++)
        {
            var state = row.States[column & laneMask];
            var entry = (row.Slots + TTables.Index(row.ColumnTables, column, RansStream.Scale))[state & (RansStream.Scale - 1)];
            row.Symbols[column] = RansTables.SymbolOf(entry);
            state = RansTables.Previous(state, entry);
            if (state < RansStream.StateMin && words < row.WordsEnd)
            {
                state = (state << 16) | Unsafe.ReadUnaligned<ushort>(words);
                words += RansStream.WordBytes;
            }

            row.States[column & laneMask] = state;
        }

        row.Words = words;
        row.Column = row.Width;
    }

    /// <summary>Four lanes in scalar registers, without a branch on whether a word is due, which is as good as random.</summary>
    private static class FourLanes
    {
        public const int Count = 4;

        public static void DecodeBlocks<TTables>(ref RansRow row)
            where TTables : struct, ITableChoice
        {
            var (a, b, c, d) = (row.States[0], row.States[1], row.States[2], row.States[3]);
            var words = row.Words;
            var wordsLast = row.WordsEnd - (Count * RansStream.WordBytes);
            var (column, columnLast) = (row.Column, row.Width - Count);
            for (; column <= columnLast && words <= wordsLast; column += Count)
            {
                Step<TTables>(in row, column, ref a, ref words);
                Step<TTables>(in row, column + 1, ref b, ref words);
                Step<TTables>(in row, column + 2, ref c, ref words);
                Step<TTables>(in row, column + 3, ref d, ref words);
            }

            (row.States[0], row.States[1], row.States[2], row.States[3]) = (a, b, c, d);
            row.Words = words;
            row.Column = column;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Step<TTables>(in RansRow row, int column, ref uint state, ref byte* words)
            where TTables : struct, ITableChoice
        {
            var entry = (row.Slots + TTables.Index(row.ColumnTables, column, RansStream.Scale))[state & (RansStream.Scale - 1)];
            row.Symbols[column] = RansTables.SymbolOf(entry);
            var previous = RansTables.Previous(state, entry);
            var due = (uint)((int)((previous >> 16) - 1) >> 31);  // all ones below 2^16
            state = (previous << (int)(due & 16)) | (Unsafe.ReadUnaligned<ushort>(words) & due);
            words += due & RansStream.WordBytes;
        }
    }
}
