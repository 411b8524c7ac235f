namespace SplitActors.Inference.Quantization;

/// <summary>
/// Rounds weights to codes, <c>w ≈ scale·(code − ZeroCode)</c>, each group of a row by itself. Two scales are tried, and the one with the
/// smaller squared error is kept; every product and sum is rounded to float32 in a fixed order, so a matrix has the same bytes on every machine:
/// <list type="bullet">
/// <item>symmetric: the largest magnitude becomes code ZeroCode ± (ZeroCode − 1);</item>
/// <item>one-sided, below 8 bits: the value of the largest magnitude becomes code 0, which gives one more level on its side (the scale has
/// the opposite sign), and the far end of the other side is cut off.</item>
/// </list>
/// At 8 bits |code − ZeroCode| ≤ 127, so that a code has an opposite.
/// </summary>
internal static class WeightQuantizer
{
    /// <summary>Rounds one row.</summary>
    /// <param name="row">[columns], finite. What exceeds the range of an fp16 scale is cut off.</param>
    /// <param name="format">A quantized format.</param>
    /// <param name="codes">[≥ columns], written; ZeroCode from columns on</param>
    /// <param name="scales">[⌈columns / GroupSize⌉], written</param>
    public static void Quantize(ReadOnlySpan<float> row, WeightFormat format, Span<byte> codes, Span<Half> scales)
    {
        codes[row.Length..].Fill((byte)format.ZeroCode);
        for (var group = 0; group < scales.Length; group++)
        {
            var start = group * format.GroupSize;
            var count = Math.Min(format.GroupSize, row.Length - start);
            scales[group] = QuantizeGroup(row.Slice(start, count), format, codes.Slice(start, count));
        }
    }

    private static Half QuantizeGroup(ReadOnlySpan<float> weights, WeightFormat format, Span<byte> codes)
    {
        var extreme = Extreme(weights);
        var scale = ScaleFor(Math.Abs(extreme), format.ZeroCode - 1);
        var error = Round(weights, scale, format, codes);
        if (format.Bits == 8)
            return scale;

        Span<byte> otherCodes = stackalloc byte[weights.Length]; // at most 128
        var magnitude = ScaleFor(Math.Abs(extreme), format.ZeroCode);
        var otherScale = extreme > 0 ? -magnitude : magnitude;
        if (Round(weights, otherScale, format, otherCodes) >= error)
            return scale;
        otherCodes.CopyTo(codes);
        return otherScale;
    }

    /// <summary>The value of the largest magnitude, the first of several.</summary>
    private static float Extreme(ReadOnlySpan<float> weights)
    {
        var extreme = 0f;
        foreach (var weight in weights)
        {
            if (Math.Abs(weight) > Math.Abs(extreme))
                extreme = weight;
        }

        return extreme;
    }

    /// <summary>
    /// The nearest fp16 to magnitude / levels; the one above it where that would cut the magnitude off by more than half a step, as the few bits
    /// of a subnormal scale can.
    /// </summary>
    private static Half ScaleFor(float magnitude, int levels)
    {
        var scale = (Half)Math.Min(magnitude / levels, (float)Half.MaxValue);
        return magnitude > (levels + 0.5f) * (float)scale && scale < Half.MaxValue ? Half.BitIncrement(scale) : scale;
    }

    /// <summary>Rounds to the nearest code, halves to the even one.</summary>
    /// <returns>The sum of the squared errors.</returns>
    private static float Round(ReadOnlySpan<float> weights, Half scale, WeightFormat format, Span<byte> codes)
    {
        var step = scale == Half.Zero ? float.PositiveInfinity : (float)scale; // w / ∞ is level 0
        var lowest = format.Bits == 8 ? 1 - format.ZeroCode : -format.ZeroCode;
        var error = 0f;
        for (var i = 0; i < weights.Length; i++)
        {
            var level = Math.Clamp(MathF.Round(weights[i] / step), lowest, format.ZeroCode - 1);
            var difference = weights[i] - (level * (float)scale);
            error += difference * difference;
            codes[i] = (byte)(level + format.ZeroCode);
        }

        return error;
    }
}
