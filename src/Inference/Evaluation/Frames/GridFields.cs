using System.Buffers.Binary;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>Fields of a token's grid that both versions of TAB-Q have.</summary>
internal static class GridFields
{
    private const ushort ZeroPointFollows = 0x8000;

    public static void NameBits(ref FrameWalk walk, int start, string token, int bits, int shape) =>
        walk.Name(start, $"{token}, bits", $"{bits} bits with the sign: levels 0 to {(1 << (bits - 1)) - 1}; frequency table of shape {shape}");

    /// <summary>The one magnitude of a token, float32.</summary>
    public static bool TryReadMagnitude(ref FrameWalk walk, string token)
    {
        var start = walk.Offset;
        if (!walk.TryTake(sizeof(float), $"{token}, magnitude", out var bytes))
            return false;
        var magnitude = BinaryPrimitives.ReadSingleLittleEndian(bytes);
        if (!(magnitude > 0) || !float.IsFinite(magnitude))
            return walk.Fail(start, "a finite magnitude above 0", $"{magnitude}");
        walk.Name(start, $"{token}, magnitude", $"{magnitude}");
        return true;
    }

    /// <summary>A scale as bfloat16, and the zero point if its sign bit is set.</summary>
    public static bool TryReadScale(ref FrameWalk walk, string token)
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
}
