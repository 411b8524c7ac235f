using System.Numerics;

namespace SplitActors.Inference.Evaluation.Codecs;

/// <summary>The loops of <see cref="AbsmaxTransport"/>, vectorized so that its speed is one to compare with.</summary>
internal static class AbsmaxKernel
{
    /// <summary>max |x|</summary>
    public static float Absmax(ReadOnlySpan<float> values)
    {
        var i = 0;
        var lanes = Vector<float>.Zero;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            lanes = Vector.Max(lanes, Vector.Abs(new Vector<float>(values[i..])));
        var max = 0f;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
            max = MathF.Max(max, lanes[lane]);
        for (; i < values.Length; i++)
            max = MathF.Max(max, MathF.Abs(values[i]));
        return max;
    }

    /// <summary>round(x · 1/s), half to even; the caller's scale keeps it within 8 bits.</summary>
    public static void Quantize(ReadOnlySpan<float> values, float inverseScale, Span<sbyte> codes)
    {
        var i = 0;
        for (; i <= values.Length - Vector<sbyte>.Count; i += Vector<sbyte>.Count)
        {
            var low = Vector.Narrow(Rounded(values[i..], inverseScale), Rounded(values[(i + Vector<float>.Count)..], inverseScale));
            var high = Vector.Narrow(Rounded(values[(i + (2 * Vector<float>.Count))..], inverseScale), Rounded(values[(i + (3 * Vector<float>.Count))..], inverseScale));
            Vector.Narrow(low, high).CopyTo(codes[i..]);
        }

        for (; i < values.Length; i++)
            codes[i] = (sbyte)MathF.Round(values[i] * inverseScale);
    }

    /// <summary>code · s</summary>
    public static void Dequantize(ReadOnlySpan<sbyte> codes, float scale, Span<float> values)
    {
        var i = 0;
        for (; i <= values.Length - Vector<sbyte>.Count; i += Vector<sbyte>.Count)
        {
            Vector.Widen(new Vector<sbyte>(codes[i..]), out var low, out var high);
            Store(low, scale, values[i..]);
            Store(high, scale, values[(i + Vector<short>.Count)..]);
        }

        for (; i < values.Length; i++)
            values[i] = codes[i] * scale;
    }

    private static Vector<int> Rounded(ReadOnlySpan<float> values, float inverseScale) =>
        Vector.ConvertToInt32(Vector.Round(new Vector<float>(values) * inverseScale));

    private static void Store(Vector<short> codes, float scale, Span<float> values)
    {
        Vector.Widen(codes, out var low, out var high);
        (Vector.ConvertToSingle(low) * scale).CopyTo(values);
        (Vector.ConvertToSingle(high) * scale).CopyTo(values[Vector<int>.Count..]);
    }
}
