using System.Numerics;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The outliers of a token in version 2: how many, in which form, and then bit by bit where and what.</summary>
internal static class OutlierFields
{
    private const int FormatBits = 2;
    private const uint FormatMask = 3;

    public static bool TryRead(ref FrameWalk walk, string token, int width)
    {
        var start = walk.Offset;
        if (!walk.TryTakeVarInt($"{token}, outliers", out var first))
            return false;
        var (format, count) = ((OutlierFormat)(first & FormatMask), (first >> FormatBits) + 1);
        if (count > width || format > OutlierFormat.Float16)
            return walk.Fail(start, $"1 to {width} outliers of format 0 to 2", $"{count} of format {(int)format}");
        walk.Name(start, $"{token}, outliers", $"{count} as {format.ToString().ToLowerInvariant()}");
        start = walk.Offset;
        if (!TryReadList(walk.Ahead, width, (int)count, format, out var outliers, out var byteCount))
            return walk.Fail(start, $"columns below {width} by Rice codes, values, and zeros up to a whole byte", "bits that are not");
        _ = walk.TryTake(byteCount, $"{token}, outliers", out _);
        walk.Name(start, $"{token}, columns", ListText.Of<string>(outliers));
        return true;
    }

    /// <param name="bytes">From the first column on.</param>
    /// <param name="width">Values per token.</param>
    /// <param name="count">Outliers.</param>
    /// <param name="format">Of their values.</param>
    /// <param name="outliers">Column and value of each, as text.</param>
    /// <param name="byteCount">Bytes that they take.</param>
    private static bool TryReadList(ReadOnlySpan<byte> bytes, int width, int count, OutlierFormat format, out string[] outliers, out int byteCount)
    {
        var bits = new BitReader(bytes);
        var lowBits = BitOperations.Log2((uint)(width / count));
        (outliers, byteCount) = (new string[count], 0);
        for (var (i, column) = (0, 0L); i < count; i++, column++)
        {
            uint isOne;
            while (bits.TryRead(1, out isOne) && isOne == 1 && column < width)
                column += 1L << lowBits;
            if (isOne == 1 || !bits.TryRead(lowBits, out var low) || (column += low) >= width || !bits.TryRead(format == OutlierFormat.Float32 ? 32 : 16, out var value))
                return false;
            outliers[i] = $"{column}: {Value(value, format)}";
        }

        byteCount = bits.ByteCount;
        return bits.IsPaddedWithZeros;
    }

    private static float Value(uint bits, OutlierFormat format) => format switch
    {
        OutlierFormat.BFloat16 => Bfloat16.FromBits((ushort)bits),
        OutlierFormat.Float16 => (float)BitConverter.UInt16BitsToHalf((ushort)bits),
        _ => BitConverter.UInt32BitsToSingle(bits),
    };
}
