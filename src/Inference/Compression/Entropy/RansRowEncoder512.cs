using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>32 lanes as two registers of 16.</summary>
internal static unsafe class RansRowEncoder512
{
    private const int RegisterLanes = 16;

    public static bool IsSupported => Avx512F.IsSupported;

    public static void EncodeBlocks<TTables>(ref RansSourceRow row)
        where TTables : struct, ITableChoice
    {
        var a = Vector512.Load(row.States);
        var b = Vector512.Load(row.States + RegisterLanes);
        var entries = (uint*)row.Tables + RansSymbol.RangeOffset;
        var columnTables = row.ColumnTables;
        var symbols = row.Symbols;
        var words = row.Words;
        var lacking = Vector512<uint>.Zero;
        var column = row.Column;
        while (column > 0)
        {
            column -= RansStream.LaneCountMax;
            var upper = Ranges<TTables>(entries, columnTables + column + RegisterLanes, symbols + column + RegisterLanes);
            var lower = Ranges<TTables>(entries, columnTables + column, symbols + column);
            lacking |= Frequencies(lower) - Vector512<uint>.One;
            lacking |= Frequencies(upper) - Vector512<uint>.One;
            b = Next(b, upper, ref words);
            a = Next(a, lower, ref words);
        }

        a.Store(row.States);
        b.Store(row.States + RegisterLanes);
        row.Words = words;
        row.Column = column;
        if (lacking.ExtractMostSignificantBits() != 0)
            row.Lacking = -1;
    }

    /// <summary>Frequency (lower 16 bits) and start of 16 symbols.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Ranges<TTables>(uint* entries, ushort* columnTables, byte* symbols)
        where TTables : struct, ITableChoice
    {
        var index = Avx512F.ConvertToVector512UInt32(Vector128.Load(symbols));
        if (TTables.IsPerColumn)
            index += Vector512.ShiftLeft(Avx512F.ConvertToVector512UInt32(Vector256.Load(columnTables)), RansTables.SymbolBits);
        index = Vector512.ShiftLeft(index, RansSymbol.StrideLog2);
        var lower = Avx2.GatherVector256(entries, index.GetLower().AsInt32(), sizeof(uint));
        var upper = Avx2.GatherVector256(entries, index.GetUpper().AsInt32(), sizeof(uint));
        return Vector512.Create(lower, upper);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Frequencies(Vector512<uint> ranges) => ranges & Vector512.Create((uint)ushort.MaxValue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Next(Vector512<uint> states, Vector512<uint> ranges, ref byte* words)
    {
        var frequencies = Frequencies(ranges);
        var due = Vector512.GreaterThanOrEqual(Vector512.ShiftRightLogical(states, RansRowEncoder.RoomBits), frequencies);
        var dueCount = BitOperations.PopCount((uint)due.ExtractMostSignificantBits());
        var leaving = Avx512F.Compress(Vector512<uint>.Zero, due, states);
        var last = Avx512F.PermuteVar16x32(leaving, Vector512<uint>.Indices + Vector512.Create((uint)dueCount));  // words to the end of the register
        Avx512F.ConvertToVector256UInt16(last).Store((ushort*)words - RegisterLanes);
        words -= RansStream.WordBytes * dueCount;

        var kept = Vector512.ConditionalSelect(due, Vector512.ShiftRightLogical(states, 16), states);
        var quotient = QuotientBelow(kept, frequencies);
        var rest = kept - (quotient * frequencies);
        var isOneLess = Vector512.GreaterThanOrEqual(rest, frequencies);
        return Vector512.ShiftLeft(quotient, RansStream.ScaleBits) + rest + Vector512.ShiftRightLogical(ranges, 16)
            + (isOneLess & (Vector512.Create((uint)RansStream.Scale) - frequencies));
    }

    /// <summary>
    /// ⌊x/f⌋ or one less. x/f is below 2^20 and float32 is off by at most 2^-3 there, after the subtraction by 2^-5 more: a quarter less is below x/f, and
    /// not by one half.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> QuotientBelow(Vector512<uint> states, Vector512<uint> frequencies)
    {
        var quotient = Avx512F.ConvertToVector512Single(states) / Avx512F.ConvertToVector512Single(frequencies);
        return Avx512F.ConvertToVector512Int32WithTruncation(quotient - Vector512.Create(0.25f)).AsUInt32();
    }
}
