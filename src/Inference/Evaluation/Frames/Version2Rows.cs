using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The records of TAB-Q in version 2: grid, table and outliers of each row.</summary>
internal static class Version2Rows
{
    private const int OutliersFollow = 0x80;

    /// <param name="walk">At the first record.</param>
    /// <param name="rows">Tokens, or groups of keys or values.</param>
    /// <param name="width">Values per row.</param>
    /// <param name="nameOf">Name of a row.</param>
    /// <param name="symbolCount">Values of all rows that are not all 0.</param>
    public static bool TryExplain(ref FrameWalk walk, int rows, int width, Func<int, string> nameOf, out long symbolCount)
    {
        symbolCount = 0;
        for (var row = 0; row < rows; row++)
        {
            var name = nameOf(row);
            if (!TryReadGrid(ref walk, name, out var isZero, out var hasOutliers) || (hasOutliers && !OutlierFields.TryRead(ref walk, name, width)))
                return false;
            symbolCount += isZero ? 0 : width;
        }

        return true;
    }

    private static bool TryReadGrid(ref FrameWalk walk, string row, out bool isZero, out bool hasOutliers)
    {
        (isZero, hasOutliers) = (false, false);
        var start = walk.Offset;
        if (!walk.TryTake(1, $"{row}, bits and table", out var first))
            return false;
        var (bits, shape) = ((first[0] >> 5) + 1, first[0] & 31);
        if (bits == 1)
        {
            if (shape > 3)
                return walk.Fail(start, "00 to 03 at one bit", $"{first[0]:X2}");
            (isZero, hasOutliers) = (shape < 2, (shape & 1) != 0);
            walk.Name(start, $"{row}, bits", (isZero ? "all values are 0: no symbols" : "one magnitude and a sign for each value") + OutliersText(hasOutliers));
            return isZero || GridFields.TryReadMagnitude(ref walk, row);
        }

        GridFields.NameBits(ref walk, start, row, bits, shape);
        start = walk.Offset;
        if (!walk.TryTake(1, $"{row}, scale code", out var second))
            return false;
        hasOutliers = (second[0] & OutliersFollow) != 0;
        var code = second[0] & ~OutliersFollow;
        walk.Name(
            start, $"{row}, scale code",
            (code == ScaleCode.Escape ? "scale follows" : $"s = {ScaleCode.FromCode(code)}, by code {code}") + OutliersText(hasOutliers));
        return code != ScaleCode.Escape || GridFields.TryReadScale(ref walk, row);
    }

    private static string OutliersText(bool follow) => follow ? "; outliers follow" : "; no outliers";
}
