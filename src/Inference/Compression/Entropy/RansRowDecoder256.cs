using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>32 lanes as four registers of 8.</summary>
internal static unsafe class RansRowDecoder256
{
    private const int RegisterLanes = 8;

    /// <summary>[256, 8] For every set of lanes that take a word: the number of words taken by lower lanes.</summary>
    private static readonly byte[] WordOfLane = WordsOfLanes();

    public static void DecodeBlocks<TTables>(ref RansRow row)
        where TTables : struct, ITableChoice
    {
        var a = Vector256.Load(row.States);
        var b = Vector256.Load(row.States + RegisterLanes);
        var c = Vector256.Load(row.States + (2 * RegisterLanes));
        var d = Vector256.Load(row.States + (3 * RegisterLanes));
        var words = row.Words;
        var wordsLast = row.WordsEnd - (RansStream.LaneCountMax * RansStream.WordBytes);
        var (column, columnLast) = (row.Column, row.Width - RansStream.LaneCountMax);
        fixed (byte* wordOfLane = WordOfLane)
        {
            for (; column <= columnLast && words <= wordsLast; column += RansStream.LaneCountMax)
            {
                Step<TTables>(in row, column, ref a, ref words, wordOfLane);
                Step<TTables>(in row, column + RegisterLanes, ref b, ref words, wordOfLane);
                Step<TTables>(in row, column + (2 * RegisterLanes), ref c, ref words, wordOfLane);
                Step<TTables>(in row, column + (3 * RegisterLanes), ref d, ref words, wordOfLane);
            }
        }

        a.Store(row.States);
        b.Store(row.States + RegisterLanes);
        c.Store(row.States + (2 * RegisterLanes));
        d.Store(row.States + (3 * RegisterLanes));
        row.Words = words;
        row.Column = column;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TTables>(in RansRow row, int column, ref Vector256<uint> states, ref byte* words, byte* wordOfLane)
        where TTables : struct, ITableChoice
    {
        var slotMask = Vector256.Create(RansStream.Scale - 1u);
        var index = states & slotMask;
        if (TTables.IsPerColumn)
            index += Vector256.ShiftLeft(Avx2.ConvertToVector256Int32(row.ColumnTables + column).AsUInt32(), RansStream.ScaleBits);
        var entries = Avx2.GatherVector256(row.Slots, index.AsInt32(), sizeof(uint));
        var symbols = Vector256.ShiftRightLogical(entries, 24);
        var narrow = Vector128.Narrow(symbols.GetLower(), symbols.GetUpper());
        Vector128.Narrow(narrow, narrow).GetLower().Store(row.Symbols + column);

        var frequencies = (Vector256.ShiftRightLogical(entries, RansStream.ScaleBits) & slotMask) + Vector256<uint>.One;
        var previous = (frequencies * Vector256.ShiftRightLogical(states, RansStream.ScaleBits)) + (entries & slotMask);
        var due = Vector256.Equals(Vector256.ShiftRightLogical(previous, 16), Vector256<uint>.Zero);
        var dueLanes = due.ExtractMostSignificantBits();
        var next = Avx2.ConvertToVector256Int32((ushort*)words);
        var order = Avx2.ConvertToVector256Int32(wordOfLane + (dueLanes * RegisterLanes));
        var refilled = Vector256.ShiftLeft(previous, 16) | Avx2.PermuteVar8x32(next, order).AsUInt32();
        states = Vector256.ConditionalSelect(due, refilled, previous);
        words += RansStream.WordBytes * BitOperations.PopCount(dueLanes);
    }

    private static byte[] WordsOfLanes()
    {
        var words = new byte[(1 << RegisterLanes) * RegisterLanes];
        for (var due = 0; due < 1 << RegisterLanes; due++)
        {
            for (var lane = 0; lane < RegisterLanes; lane++)
                words[(due * RegisterLanes) + lane] = (byte)BitOperations.PopCount((uint)(due & ((1 << lane) - 1)));
        }

        return words;
    }
}
