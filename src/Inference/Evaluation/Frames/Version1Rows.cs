using System.Runtime.InteropServices;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The token records of TAB-Q in version 1: grid, table and outliers of each token.</summary>
internal static class Version1Rows
{
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
        GridFields.NameBits(ref walk, start, token, bits, shape);
        return GridFields.TryReadScale(ref walk, token);
    }

    private static bool TryReadConstant(ref FrameWalk walk, string token, int start, int shape, out int symbolBits)
    {
        symbolBits = shape;
        if (shape > 1)
            return walk.Fail(start, "shape 0 (all values 0) or 1 (one magnitude) at one bit", $"shape {shape}");
        walk.Name(start, $"{token}, bits", shape == 0 ? "all values are 0: no symbols" : "one magnitude and a sign bit for each value");
        return shape == 0 || GridFields.TryReadMagnitude(ref walk, token);
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
