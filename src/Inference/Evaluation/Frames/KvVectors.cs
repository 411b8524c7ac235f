using System.Buffers.Binary;
using SplitActors.Inference.Compression.KeyValues;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Evaluation.Frames;

/// <summary>Keys and values as a cache stores them (codec 0): by layer, position and head, the key before the value.</summary>
internal static class KvVectors
{
    private const int GridBytes = 2 * sizeof(ushort);

    public static bool TryExplain(ref FrameWalk walk, KvFrameShape shape)
    {
        var format = (KvFormat)shape.Form;
        var elementBytes = shape.HeadDim * shape.Form / 8;
        var (gridBytes, values) = (GridBytesOf(format), new float[shape.HeadDim]);
        foreach (var place in shape.Heads)
        {
            foreach (var part in (ReadOnlySpan<string>)["key", "value"])
            {
                var name = $"layer {shape.Range.Layers.First + place.Layer}, position {shape.Range.FirstPosition + place.Position}, head {place.KvHead}, {part}";
                var start = walk.Offset;
                if (!walk.TryTake(elementBytes + gridBytes, name, out var stored))
                    return false;
                KvStoredVector.Dequantize(format, stored, values);
                NameParts(ref walk, start, name, stored, elementBytes, values);
            }
        }

        return true;
    }

    /// <summary>All values of a payload's vectors, in its order.</summary>
    /// <param name="stored">Behind the shape.</param>
    /// <param name="shape">Of codec 0.</param>
    /// <param name="values">[2·L·H·n·D], written</param>
    /// <returns>False if they do not fill the payload.</returns>
    public static bool TryDequantize(ReadOnlySpan<byte> stored, KvFrameShape shape, Span<float> values)
    {
        var format = (KvFormat)shape.Form;
        var vectorBytes = (shape.HeadDim * shape.Form / 8) + GridBytesOf(format);
        if (stored.Length != (long)shape.VectorCount * vectorBytes)
            return false;
        for (; !stored.IsEmpty; stored = stored[vectorBytes..], values = values[shape.HeadDim..])
            KvStoredVector.Dequantize(format, stored[..vectorBytes], values[..shape.HeadDim]);
        return true;
    }

    private static int GridBytesOf(KvFormat format) => format is KvFormat.Int8 or KvFormat.Int4 ? GridBytes : 0;

    private static void NameParts(ref FrameWalk walk, int start, string name, ReadOnlySpan<byte> stored, int elementBytes, ReadOnlySpan<float> values)
    {
        var text = ListText.Of(values);
        if (elementBytes == stored.Length)
        {
            walk.Name(start, name, text);
            return;
        }

        var grid = stored[elementBytes..];
        walk.Name(start, elementBytes, name, $"codes of {text}");
        walk.Name(start + elementBytes, GridBytes, $"{name}, grid", $"scale {BinaryPrimitives.ReadHalfLittleEndian(grid)}, minimum {BinaryPrimitives.ReadHalfLittleEndian(grid[sizeof(ushort)..])}");
    }
}
