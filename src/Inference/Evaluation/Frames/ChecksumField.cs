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
            return TryFindSplit(ref walk, start, stated);
        if (stated != computed)
            return walk.Fail(start, $"CRC32C {computed:X8} of the bytes before it", $"{stated:X8}");
        walk.Name(start, "CRC32C", $"{stated:X8}, as it should be");
        return true;
    }

    /// <summary>The checksum covers the calibration's id and the split as well, so it tells which split the frame is of.</summary>
    private static bool TryFindSplit(ref FrameWalk walk, int start, uint stated)
    {
        if (walk.Calibration is not { } calibration)
        {
            walk.Name(start, "CRC32C", $"{stated:X8}, not checked: it covers the calibration too, which is not here");
            return true;
        }

        var covered = walk.Passed[..start];
        foreach (var split in calibration.Splits)
        {
            if (Crc32C.Compute(covered, split.ChecksumSeed) != stated)
                continue;
            walk.Split = split;
            walk.Name(start, "CRC32C", $"{stated:X8}, as it should be with split {split.SplitLayer} of calibration {calibration.Id:x16}");
            return true;
        }

        return walk.Fail(start, $"a CRC32C that fits the bytes before it and a split of calibration {calibration.Id:x16}", $"{stated:X8}");
    }
}
