using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>
/// Encodes a row backwards: if x ≥ f · 2^20, the lower 16 bits leave as a word and x ← ⌊x / 2^16⌋; then x ← 2^12 · ⌊x / f⌋ + (x mod f) + start.
/// Blocks of lanes run in registers; a partial block is left to <see cref="EncodeScalar"/>.
/// </summary>
internal static unsafe class RansRowEncoder
{
    /// <summary>A state below f · 2^20 has room for a symbol of frequency f.</summary>
    public const int RoomBits = 32 - RansStream.ScaleBits;

    public static void Encode<TTables>(ref RansSourceRow row)
        where TTables : struct, ITableChoice
    {
        EncodeScalar<TTables>(ref row, row.Column & ~(row.LaneCount - 1));
        if (row.LaneCount == RansStream.LaneCountMax && RansRowEncoder512.IsSupported)
            RansRowEncoder512.EncodeBlocks<TTables>(ref row);
        else if (row.LaneCount == RansStream.LaneCountMax && Avx2.IsSupported)
            RansRowEncoder256.EncodeBlocks<TTables>(ref row);
        else if (row.LaneCount == FourLanes.Count)
            FourLanes.EncodeBlocks<TTables>(ref row);
        else
            EncodeScalar<TTables>(ref row, columnFirst: 0);
    }

    /// <summary>The reference, for any number of lanes.</summary>
    public static void EncodeScalar<TTables>(ref RansSourceRow row, int columnFirst)
        where TTables : struct, ITableChoice
    {
        var laneMask = row.LaneCount - 1;
        var words = row.Words;
        var lacking = row.Lacking;
        for (var column = row.Column - 1; column >= columnFirst; column--)
        {
            ref var state = ref row.States[column & laneMask];
            state = Next(SymbolAt<TTables>(row.Tables, row.ColumnTables, row.Symbols, column), state, ref words, ref lacking);
        }

        row.Words = words;
        (row.Lacking, row.Column) = (lacking, columnFirst);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Next(RansSymbol* symbol, uint state, ref byte* words, ref long lacking)
    {
        var room = symbol->Frequency - 1L;
        lacking |= room;

        // Branch-free, since whether a word is due is as good as random.
        var due = (room - (state >> RoomBits)) >> 63;  // all ones from f · 2^20 on
        Unsafe.WriteUnaligned(words - RansStream.WordBytes, (ushort)state);
        words += due * RansStream.WordBytes;
        var kept = state >> (int)(due & 16);
        var quotient = (uint)((kept * symbol->Reciprocal) >> RansSymbol.ReciprocalBits);
        return kept + symbol->Start + (quotient * symbol->Complement);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RansSymbol* SymbolAt<TTables>(RansSymbol* tables, ushort* columnTable, byte* symbol, int column)
        where TTables : struct, ITableChoice => tables + TTables.Index(columnTable, column, RansTables.SymbolCountMax) + symbol[column];

    /// <summary>Four lanes in scalar registers.</summary>
    private static class FourLanes
    {
        public const int Count = 4;

        public static void EncodeBlocks<TTables>(ref RansSourceRow row)
            where TTables : struct, ITableChoice
        {
            var tables = row.Tables;
            var words = row.Words;
            var lacking = row.Lacking;
            var (a, b, c, d) = (row.States[0], row.States[1], row.States[2], row.States[3]);
            var columnTable = row.ColumnTables + row.Column;
            for (var symbol = row.Symbols + row.Column; symbol > row.Symbols;)
            {
                symbol -= Count;
                columnTable -= Count;
                d = Next(SymbolAt<TTables>(tables, columnTable, symbol, 3), d, ref words, ref lacking);
                c = Next(SymbolAt<TTables>(tables, columnTable, symbol, 2), c, ref words, ref lacking);
                b = Next(SymbolAt<TTables>(tables, columnTable, symbol, 1), b, ref words, ref lacking);
                a = Next(SymbolAt<TTables>(tables, columnTable, symbol, 0), a, ref words, ref lacking);
            }

            (row.States[0], row.States[1], row.States[2], row.States[3]) = (a, b, c, d);
            row.Words = words;
            (row.Lacking, row.Column) = (lacking, 0);
        }
    }
}
