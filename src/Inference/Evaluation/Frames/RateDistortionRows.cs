using System.Buffers.Binary;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The setting and the token records of a rate–distortion frame.</summary>
internal static class RateDistortionRows
{
    private const int OutliersFollow = 0x80;
    private const int Escape = 127;
    private const int TransformBits = 2;
    private const int FirstStep = -20 * StepGrid.PerOctave;

    /// <param name="walk">At the payload.</param>
    /// <param name="rows">Tokens.</param>
    /// <param name="width">Values per token.</param>
    /// <param name="symbolCount">Values of all tokens that are not all 0.</param>
    public static bool TryExplain(ref FrameWalk walk, int rows, int width, out long symbolCount)
    {
        symbolCount = 0;
        if (!TryReadSetting(ref walk))
            return false;
        for (var row = 0; row < rows; row++)
        {
            var token = $"token {row}";
            if (!TryReadToken(ref walk, token, out var isZero, out var hasOutliers) || (hasOutliers && !OutlierFields.TryRead(ref walk, token, width)))
                return false;
            symbolCount += isZero ? 0 : width;
        }

        return true;
    }

    private static bool TryReadSetting(ref FrameWalk walk)
    {
        var start = walk.Offset;
        if (!walk.TryTake(1, "transform and shape", out var first))
            return false;
        var (transform, shape) = ((RateDistortionTransform)(first[0] & ((1 << TransformBits) - 1)), first[0] >> TransformBits);
        if (shape >= SpreadTables.ShapeCount)
            return walk.Fail(start, $"a shape of 0 to {SpreadTables.ShapeCount - 1}", $"{shape}");
        walk.NeedsCalibration = transform != RateDistortionTransform.None;
        walk.Name(start, "transform, shape", $"{transform.Name()}; frequency tables of shape {shape}");
        start = walk.Offset;
        if (!walk.TryTake(1, "spread", out var second))
            return false;
        var spread = (sbyte)second[0];
        walk.Name(start, "spread", $"a column of offset 0 has table {SpreadTables.TableOf(spread, offset: 0)}: σ = {StepGrid.Value(spread - SpreadTables.UnitSpread):G4} steps");
        return true;
    }

    private static bool TryReadToken(ref FrameWalk walk, string token, out bool isZero, out bool hasOutliers)
    {
        (isZero, hasOutliers) = (false, false);
        var start = walk.Offset;
        if (!walk.TryTake(1, $"{token}, step", out var first))
            return false;
        var code = first[0] & ~OutliersFollow;
        (isZero, hasOutliers) = (code == 0, (first[0] & OutliersFollow) != 0);
        var step = code + FirstStep - 1;
        if (code == Escape)
        {
            if (!walk.TryTake(sizeof(short), $"{token}, step", out var place))
                return false;
            step = BinaryPrimitives.ReadInt16LittleEndian(place);
            if (step is < StepGrid.IndexMin or > StepGrid.IndexMax)
                return walk.Fail(start + 1, $"a step's place from {StepGrid.IndexMin} to {StepGrid.IndexMax}", $"{step}");
        }

        var outliers = hasOutliers ? "; outliers follow" : "; no outliers";
        walk.Name(start, $"{token}, step", (isZero ? "all levels are 0: no symbols" : $"s = 2^({step}/4) = {StepGrid.Value(step):G6}") + outliers);
        return true;
    }
}
