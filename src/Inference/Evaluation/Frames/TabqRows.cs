using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The token records of codec 1: grid, table and outliers of each token.</summary>
internal static class TabqRows
{
    private const ushort ZeroPointFollows = 0x8000;

    /// <param name="walk">At the first record.</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="width">Values per token.</param>
    /// <param name="packedBits">What the symbols of all tokens would take without entropy coding.</param>
    public static bool TryExplain(ref FrameWalk walk, int rows, int width, out long packedBits)
    {
        packedBits = 0;
        for (var row = 0; row < rows; row++)
        {
            if (!TryReadGrid(ref walk, $"token {row}", out var symbolBits) || !TryReadOutliers(ref walk, $"token {row}", width))
                return false;
            packedBits += (long)symbolBits * width;
        }

        return true;
    }

    private static bool TryReadGrid(ref FrameWalk walk, string token, out int symbolBits)
    {
        symbolBits = 0;
        var start = walk.Offset;
        if (!walk.TryTake(1, $"{token}, bits and table", out var first))
            return false;
        var (bits, shape) = ((first[0] >> 5) + 1, first[0] & 31);
        if (bits == 1)
            return TryReadConstant(ref walk, token, start, shape, out symbolBits);
        symbolBits = bits;
        walk.Name(start, $"{token}, bits", $"{bits} bits with the sign: levels 0 to {(1 << (bits - 1)) - 1}; frequency table of shape {shape}");
        return TryReadScale(ref walk, token);
    }

    private static bool TryReadConstant(ref FrameWalk walk, string token, int start, int shape, out int symbolBits)
    {
        symbolBits = shape;
        if (shape > 1)
            return walk.Fail(start, "shape 0 (all values 0) or 1 (one magnitude) at one bit", $"shape {shape}");
        walk.Name(start, $"{token}, bits", shape == 0 ? "all values are 0: no symbols" : "one magnitude and a sign bit for each value");
        start = walk.Offset;
        if (shape == 0)
            return true;
        if (!walk.TryTake(sizeof(float), $"{token}, magnitude", out var bytes))
            return false;
        var magnitude = BinaryPrimitives.ReadSingleLittleEndian(bytes);
        if (!(magnitude > 0) || !float.IsFinite(magnitude))
            return walk.Fail(start, "a finite magnitude above 0", $"{magnitude}");
        walk.Name(start, $"{token}, magnitude", $"{magnitude}");
        return true;
    }

    private static bool TryReadScale(ref FrameWalk walk, string token)
    {
        var start = walk.Offset;
        if (!walk.TryTake(sizeof(ushort), $"{token}, scale", out var bytes))
            return false;
        var packed = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        var scale = Bfloat16.FromBits((ushort)(packed & ~ZeroPointFollows));
        if (!(scale > 0) || !float.IsFinite(scale))
            return walk.Fail(start, "a finite scale above 0", $"{scale}");
        var hasZeroPoint = (packed & ZeroPointFollows) != 0;
        walk.Name(start, $"{token}, scale", $"s = {scale}{(hasZeroPoint ? ", zero point follows" : "")}");
        return !hasZeroPoint || walk.TryReadVarInt($"{token}, zero point", 1, int.MaxValue, out _, value => $"z = -{value}");
    }

    private static bool TryReadOutliers(ref FrameWalk walk, string token, int width)
    {
        if (!walk.TryReadVarInt($"{token}, outliers", 0, (uint)width, out var count, value => value == 0 ? "none" : $"{value}, lossless") || count == 0)
            return walk.Fault is null;
        var columns = new int[count];
        var (start, next) = (walk.Offset, 0L);
        for (var i = 0; i < count; i++)
        {
            var offset = walk.Offset;
            if (!walk.TryTakeVarInt($"{token}, outlier columns", out var gap))
                return false;
            if (next + gap >= width)
                return walk.Fail(offset, $"an ascending column below {width}", $"{next + gap}");
            columns[i] = (int)(next + gap);
            next = columns[i] + 1;
        }

        walk.Name(start, $"{token}, columns", ListText.Of<int>(columns));
        start = walk.Offset;
        if (!walk.TryTake(count * sizeof(float), $"{token}, outlier values", out var values))
            return false;
        walk.Name(start, $"{token}, values", ListText.Of(MemoryMarshal.Cast<byte, float>(values)));
        return true;
    }
}
