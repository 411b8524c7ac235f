using System.Buffers;
using System.Numerics;

namespace SplitActors.Inference.Compression;

/// <summary>How the values of a CSR row are stored; all are lossless. Values are on the wire.</summary>
internal enum OutlierFormat
{
    Float32 = 0,

    /// <summary>The upper 16 bits of values whose lower 16 are 0.</summary>
    BFloat16 = 1,

    /// <summary>Of values that float16 holds.</summary>
    Float16 = 2,
}

/// <summary>
/// One row of the compressed sparse row (CSR) matrix of values that travel losslessly [2511.04002, eq. 4], at least one of them.
/// A varint 4·(count − 1) + format; then, without gaps, for each value the gap to the column before as a Rice code and the value's bits. The Rice
/// parameter is k = ⌊log2(width/count)⌋: the gap's upper part is written as that many ones and a zero, its lower k bits follow.
/// </summary>
internal static class OutlierCoder
{
    private const int FormatBits = 2;

    /// <param name="writer">The payload so far.</param>
    /// <param name="row">[width]</param>
    /// <param name="columns">[1 to width] Ascending columns of the values.</param>
    public static void Write(IBufferWriter<byte> writer, ReadOnlySpan<float> row, ReadOnlySpan<int> columns)
    {
        var format = FormatOf(row, columns);
        VarInt.Write(writer, (uint)(((columns.Length - 1) << FormatBits) | (int)format));
        var bits = new BitWriter(writer);
        var lowBits = LowBits(row.Length, columns.Length);
        var next = 0;
        foreach (var column in columns)
        {
            var gap = (uint)(column - next);
            next = column + 1;
            for (var ones = gap >> lowBits; ones > 0; ones--)
                bits.Write(1, 1);
            bits.Write(0, 1);
            bits.Write(gap & ((1u << lowBits) - 1), lowBits);
            bits.Write(ToBits(row[column], format), ValueBits(format));
        }

        bits.Finish();
    }

    /// <summary>Moves past one row. False if no encoder writes it for this width.</summary>
    public static bool TrySkip(ref ByteReader reader, int width, out int count) => TryRead(ref reader, width, [], out count);

    /// <summary>Writes one row's values over <paramref name="row"/>, which is [width], or empty to check them only.</summary>
    public static bool TryRead(ref ByteReader reader, int width, Span<float> row, out int count)
    {
        count = 0;
        if (!reader.TryReadVarInt(out var first) || first >> FormatBits >= (uint)width)
            return false;
        count = (int)(first >> FormatBits) + 1;
        var format = (OutlierFormat)(first & ((1 << FormatBits) - 1));
        if (format > OutlierFormat.Float16)
            return false;

        var bits = new BitReader(reader.Remaining);
        var lowBits = LowBits(width, count);
        var column = -1;
        for (var i = 0; i < count; i++)
        {
            if (!TryReadGap(ref bits, width - 1 - column, lowBits, out var gap) || !bits.TryRead(ValueBits(format), out var value))
                return false;
            column += gap;
            if (!row.IsEmpty)
                row[column] = FromBits(value, format);
        }

        return bits.IsPaddedWithZeros && reader.TryReadBytes(bits.ByteCount, out _);
    }

    /// <param name="bits">At the gap.</param>
    /// <param name="gapMax">Columns left.</param>
    /// <param name="lowBits">k.</param>
    /// <param name="gap">Columns to move on, 1 to <paramref name="gapMax"/>.</param>
    private static bool TryReadGap(ref BitReader bits, int gapMax, int lowBits, out int gap)
    {
        gap = 1;
        while (gap <= gapMax)
        {
            if (!bits.TryRead(1, out var isOne))
                return false;
            if (isOne == 0)
                break;
            gap += 1 << lowBits;
        }

        var read = bits.TryRead(lowBits, out var low);
        gap += (int)low;
        return read && gap <= gapMax;
    }

    private static int LowBits(int width, int count) => BitOperations.Log2((uint)(width / count));

    private static int ValueBits(OutlierFormat format) => format == OutlierFormat.Float32 ? 32 : 16;

    private static OutlierFormat FormatOf(ReadOnlySpan<float> row, ReadOnlySpan<int> columns)
    {
        var (isBFloat16, isFloat16) = (true, true);
        foreach (var column in columns)
        {
            isBFloat16 &= IsKept(row[column], OutlierFormat.BFloat16);
            isFloat16 &= IsKept(row[column], OutlierFormat.Float16);
        }

        return isBFloat16 ? OutlierFormat.BFloat16 : isFloat16 ? OutlierFormat.Float16 : OutlierFormat.Float32;
    }

    private static bool IsKept(float value, OutlierFormat format) =>
        BitConverter.SingleToUInt32Bits(FromBits(ToBits(value, format), format)) == BitConverter.SingleToUInt32Bits(value);

    private static uint ToBits(float value, OutlierFormat format) => format switch
    {
        OutlierFormat.BFloat16 => Bfloat16.ToBits(value),
        OutlierFormat.Float16 => BitConverter.HalfToUInt16Bits((Half)value),
        _ => BitConverter.SingleToUInt32Bits(value),
    };

    private static float FromBits(uint bits, OutlierFormat format) => format switch
    {
        OutlierFormat.BFloat16 => Bfloat16.FromBits((ushort)bits),
        OutlierFormat.Float16 => (float)BitConverter.UInt16BitsToHalf((ushort)bits),
        _ => BitConverter.UInt32BitsToSingle(bits),
    };
}
