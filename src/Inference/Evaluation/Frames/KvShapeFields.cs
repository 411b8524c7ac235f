using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>The start of a payload of keys and values: which layers and positions it holds, and how they are stored or grouped.</summary>
internal static class KvShapeFields
{
    private const int RawCodec = 0;

    /// <param name="walk">At the payload.</param>
    /// <param name="codec">0 or 1.</param>
    /// <param name="positionCount">n</param>
    /// <param name="headDim">D</param>
    /// <param name="shape">What the fields say.</param>
    public static bool TryRead(ref FrameWalk walk, int codec, int positionCount, int headDim, out KvFrameShape shape)
    {
        shape = default;
        if (!TryReadForm(ref walk, codec, out var form))
            return false;
        if (!walk.TryReadVarInt("first layer", 0, KvFrameShape.LayersMax, out var firstLayer)
            || !walk.TryReadVarInt("layers", 1, KvFrameShape.LayersMax, out var layerCount)
            || !walk.TryReadVarInt("KV heads", 1, (uint)(FrameLimits.WidthMax / headDim), out var kvHeadCount, count => $"{count} in each layer")
            || !walk.TryReadVarInt("first position", 0, (uint)(int.MaxValue - positionCount), out var firstPosition))
        {
            return false;
        }

        if (2L * layerCount * kvHeadCount * positionCount > FrameLimits.ValuesMax / headDim)
            return walk.Fail(walk.Offset, $"at most {FrameLimits.ValuesMax} values", $"2 x {layerCount} x {kvHeadCount} x {positionCount} x {headDim}");
        var range = new KvRange(new LayerRange(firstLayer, firstLayer + layerCount), firstPosition, positionCount);
        shape = new KvFrameShape(form, range, kvHeadCount, headDim);
        return true;
    }

    private static bool TryReadForm(ref FrameWalk walk, int codec, out byte form)
    {
        form = 0;
        var start = walk.Offset;
        if (!walk.TryTake(1, codec == RawCodec ? "format" : "grouping", out var bytes))
            return false;
        form = bytes[0];
        if (codec == RawCodec)
        {
            if (!Enum.IsDefined((KvFormat)form))
                return walk.Fail(start, "32, 16, 8 or 4 bits of a stored value", $"{form}");
            walk.Name(start, "format", $"{form} bits for each value, as the cache stores it");
            return true;
        }

        if (!Enum.IsDefined((KvGrouping)form))
            return walk.Fail(start, "grouping 0 to 2", $"{form}");
        walk.Name(start, "grouping", (KvGrouping)form switch
        {
            KvGrouping.Head => "a record for each head at each position",
            KvGrouping.Layer => "a record for all heads of a layer at each position",
            _ => "a record for each channel of a head at all positions",
        });
        return true;
    }
}
