using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SplitActors.Inference.Compression.Entropy;

/// <summary>32 lanes as two registers of 16.</summary>
internal static unsafe class RansRowDecoder512
{
    private const int RegisterLanes = 16;

    public static bool IsSupported => Avx512F.IsSupported;

    public static void DecodeBlocks<TTables>(ref RansRow row)
        where TTables : struct, ITableChoice
    {
        var a = Vector512.Load(row.States);
        var b = Vector512.Load(row.States + RegisterLanes);
        var words = row.Words;
        var wordsLast = row.WordsEnd - (RansStream.LaneCountMax * RansStream.WordBytes);
        var (column, columnLast) = (row.Column, row.Width - RansStream.LaneCountMax);
        for (; column <= columnLast && words <= wordsLast; column += RansStream.LaneCountMax)
        {
            Step<TTables>(in row, column, ref a, ref words);
            Step<TTables>(in row, column + RegisterLanes, ref b, ref words);
        }

        a.Store(row.States);
        b.Store(row.States + RegisterLanes);
        row.Words = words;
        row.Column = column;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TTables>(in RansRow row, int column, ref Vector512<uint> states, ref byte* words)
        where TTables : struct, ITableChoice
    {
        var slotMask = Vector512.Create(RansStream.Scale - 1u);
        var index = states & slotMask;
        if (TTables.IsPerColumn)
            index += Vector512.ShiftLeft(Avx512F.ConvertToVector512UInt32(Vector256.Load(row.ColumnTables + column)), RansStream.ScaleBits);
        var lower = Avx2.GatherVector256(row.Slots, index.GetLower().AsInt32(), sizeof(uint));
        var upper = Avx2.GatherVector256(row.Slots, index.GetUpper().AsInt32(), sizeof(uint));
        var entries = Vector512.Create(lower, upper);
        Avx512F.ConvertToVector128Byte(Vector512.ShiftRightLogical(entries, 24)).Store(row.Symbols + column);

        var frequencies = (Vector512.ShiftRightLogical(entries, RansStream.ScaleBits) & slotMask) + Vector512<uint>.One;
        var previous = (frequencies * Vector512.ShiftRightLogical(states, RansStream.ScaleBits)) + (entries & slotMask);
        var due = Vector512.LessThan(previous, Vector512.Create(RansStream.StateMin));
        var next = Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)words));
        var refilled = Vector512.ShiftLeft(previous, 16) | Avx512F.Expand(Vector512<uint>.Zero, due, next);
        states = Vector512.ConditionalSelect(due, refilled, previous);
        words += RansStream.WordBytes * System.Numerics.BitOperations.PopCount((uint)due.ExtractMostSignificantBits());
    }
}
