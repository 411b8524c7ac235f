using System.Runtime.InteropServices;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The payload of codec 0.</summary>
internal static class RawRows
{
    public static bool TryExplain(ref FrameWalk walk, int rows, int width)
    {
        for (var row = 0; row < rows; row++)
        {
            var start = walk.Offset;
            if (!walk.TryTake(width * sizeof(float), $"token {row}", out var bytes))
                return false;
            walk.Name(start, $"token {row}", $"float32: {ListText.Of(MemoryMarshal.Cast<byte, float>(bytes))}");
        }

        return true;
    }
}
