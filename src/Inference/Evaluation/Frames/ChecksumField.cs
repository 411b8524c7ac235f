using System.Buffers.Binary;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The last bytes of a frame.</summary>
internal static class ChecksumField
{
    public const int ByteCount = sizeof(uint);

    /// <param name="walk">Behind the payload.</param>
    public static bool TryRead(ref FrameWalk walk)
    {
        var computed = Crc32C.Compute(walk.Passed);
        var start = walk.Offset;
        walk.End = start + ByteCount;
        if (!walk.TryTake(ByteCount, "checksum", out var bytes))
            return false;
        var stated = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (walk.NeedsCalibration)
        {
            walk.Name(start, "CRC32C", $"{stated:X8}; covers the calibration too, which is not here");
            return true;
        }

        if (stated != computed)
            return walk.Fail(start, $"CRC32C {computed:X8} of the bytes before it", $"{stated:X8}");
        walk.Name(start, "CRC32C", $"{stated:X8}, as it should be");
        return true;
    }
}
