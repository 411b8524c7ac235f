using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>32 lanes as four registers of 8.</summary>
internal static unsafe class RansRowEncoder256
{
    private const int RegisterLanes = 8;

    /// <summary>[256, 8] For every set of lanes that give a word: those lanes, ascending, at the end of the register.</summary>
    private static readonly byte[] LanesOfWords = LanesAtTheEnd();

    public static void EncodeBlocks<TTables>(ref RansSourceRow row)
        where TTables : struct, ITableChoice
    {
        var a = Vector256.Load(row.States);
        var b = Vector256.Load(row.States + RegisterLanes);
        var c = Vector256.Load(row.States + (2 * RegisterLanes));
        var d = Vector256.Load(row.States + (3 * RegisterLanes));
        var entries = (uint*)row.Tables + RansSymbol.RangeOffset;
        var words = row.Words;
        var lacking = Vector256<uint>.Zero;
        fixed (byte* lanesOfWords = LanesOfWords)
        {
            var columnTable = row.ColumnTables + row.Column;
            for (var symbol = row.Symbols + row.Column; symbol > row.Symbols;)
            {
                symbol -= RansStream.LaneCountMax;
                columnTable -= RansStream.LaneCountMax;
                d = Next(d, Ranges<TTables>(entries, columnTable + (3 * RegisterLanes), symbol + (3 * RegisterLanes)), lanesOfWords, ref words, ref lacking);
                c = Next(c, Ranges<TTables>(entries, columnTable + (2 * RegisterLanes), symbol + (2 * RegisterLanes)), lanesOfWords, ref words, ref lacking);
                b = Next(b, Ranges<TTables>(entries, columnTable + RegisterLanes, symbol + RegisterLanes), lanesOfWords, ref words, ref lacking);
                a = Next(a, Ranges<TTables>(entries, columnTable, symbol), lanesOfWords, ref words, ref lacking);
            }
        }

        a.Store(row.States);
        b.Store(row.States + RegisterLanes);
        c.Store(row.States + (2 * RegisterLanes));
        d.Store(row.States + (3 * RegisterLanes));
        row.Words = words;
        row.Column = 0;
        if (lacking.ExtractMostSignificantBits() != 0)
            row.Lacking = -1;
    }

    /// <summary>Frequency (lower 16 bits) and start of 8 symbols.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Ranges<TTables>(uint* entries, ushort* columnTables, byte* symbols)
        where TTables : struct, ITableChoice
    {
        var index = Avx2.ConvertToVector256Int32(symbols);
        if (TTables.IsPerColumn)
            index += Vector256.ShiftLeft(Avx2.ConvertToVector256Int32(columnTables), RansTables.SymbolBits);
        return Avx2.GatherVector256(entries, Vector256.ShiftLeft(index, RansSymbol.StrideLog2), sizeof(uint));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Next(Vector256<uint> states, Vector256<uint> ranges, byte* lanesOfWords, ref byte* words, ref Vector256<uint> lacking)
    {
        var frequencies = ranges & Vector256.Create((uint)ushort.MaxValue);
        lacking |= frequencies - Vector256<uint>.One;

        var hasRoom = Vector256.GreaterThan(frequencies.AsInt32(), Vector256.ShiftRightLogical(states, RansRowEncoder.RoomBits).AsInt32()).AsUInt32();
        var dueLanes = ~hasRoom.ExtractMostSignificantBits() & byte.MaxValue;
        var order = Avx2.ConvertToVector256Int32(lanesOfWords + (dueLanes * RegisterLanes)).AsUInt32();
        var leaving = Avx2.PermuteVar8x32(states, order);
        Vector128.Narrow(leaving.GetLower(), leaving.GetUpper()).Store((ushort*)words - RegisterLanes);
        words -= RansStream.WordBytes * BitOperations.PopCount(dueLanes);

        var kept = Vector256.ConditionalSelect(hasRoom, states, Vector256.ShiftRightLogical(states, 16));
        var quotient = QuotientBelow(kept, frequencies);
        var rest = kept - (quotient * frequencies);
        var isOneLess = ~Vector256.GreaterThan(frequencies.AsInt32(), rest.AsInt32()).AsUInt32();
        return Vector256.ShiftLeft(quotient, RansStream.ScaleBits) + rest + Vector256.ShiftRightLogical(ranges, 16)
            + (isOneLess & (Vector256.Create((uint)RansStream.Scale) - frequencies));
    }

    /// <summary>⌊x/f⌋ or one less, as in <see cref="RansRowEncoder512"/>; x becomes float32 from two halves, with one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> QuotientBelow(Vector256<uint> states, Vector256<uint> frequencies)
    {
        var upper = Vector256.ConvertToSingle(Vector256.ShiftRightLogical(states, 16).AsInt32());
        var lower = Vector256.ConvertToSingle((states & Vector256.Create((uint)ushort.MaxValue)).AsInt32());
        var quotient = ((upper * Vector256.Create(65536f)) + lower) / Vector256.ConvertToSingle(frequencies.AsInt32());
        return Avx.ConvertToVector256Int32WithTruncation(quotient - Vector256.Create(0.25f)).AsUInt32();
    }

    private static byte[] LanesAtTheEnd()
    {
        var lanes = new byte[(1 << RegisterLanes) * RegisterLanes];
        for (var due = 0; due < 1 << RegisterLanes; due++)
        {
            var place = RegisterLanes - BitOperations.PopCount((uint)due);
            for (var lane = 0; lane < RegisterLanes; lane++)
            {
                if (((due >> lane) & 1) != 0)
                    lanes[(due * RegisterLanes) + place++] = (byte)lane;
            }
        }

        return lanes;
    }
}
