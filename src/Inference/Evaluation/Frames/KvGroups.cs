using SplitActors.Inference.Compression.KeyValues;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>Names of the groups of keys and values that share a record of TAB-Q, in their order: by layer, keys before values.</summary>
internal static class KvGroups
{
    /// <param name="shape">Of codec 1.</param>
    /// <param name="row">Of <see cref="KvFrameShape.Matrix"/>.</param>
    public static string NameOf(KvFrameShape shape, int row)
    {
        var heads = shape.KvHeadCount;
        var planeRows = shape.Matrix.RowCount / (2 * shape.Range.Layers.Count);
        var (plane, group) = Math.DivRem(row, planeRows);
        var place = (KvGrouping)shape.Form switch
        {
            KvGrouping.Head => $"position {shape.Range.FirstPosition + (group / heads)}, head {group % heads}",
            KvGrouping.Layer => $"position {shape.Range.FirstPosition + group}",
            _ => $"head {group / shape.HeadDim}, channel {group % shape.HeadDim}",
        };
        return $"layer {shape.Range.Layers.First + (plane / 2)}, {(plane % 2 == 0 ? "keys" : "values")}, {place}";
    }
}
