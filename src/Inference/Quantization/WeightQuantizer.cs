using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Quantization;

/// <summary>
/// Rounds weights to codes, <c>w ≈ scale·(code − ZeroCode)</c>, each group of a row by itself. The scale puts the group's largest magnitude on
/// level −d with the opposite sign, and of d = ZeroCode − 1, ZeroCode − ¾, …, ZeroCode + 1 the one with the smallest squared error is taken: more
/// levels against a cut at the ends (docs/opsc-package.md has what it gains). At 8 bits d is 127 and the scale positive, so that every code has an
/// opposite. Sums are taken in a fixed order: a matrix has the same bytes on every machine.
/// </summary>
internal static class WeightQuantizer
{
    private const int CandidatesPerLevel = 4;
    private const int GroupSizeMax = 128;

    /// <summary>Rounds one row.</summary>
    /// <param name="row">[columns], finite. What exceeds the range of an fp16 scale is cut off.</param>
    /// <param name="format">A quantized format.</param>
    /// <param name="codes">[≥ columns], written; ZeroCode from columns on</param>
    /// <param name="scales">[⌈columns / GroupSize⌉], written</param>
    public static void Quantize(ReadOnlySpan<float> row, WeightFormat format, Span<byte> codes, Span<Half> scales)
    {
        Span<float> group = stackalloc float[GroupSizeMax];
        Span<byte> groupCodes = stackalloc byte[GroupSizeMax];
        codes[row.Length..].Fill((byte)format.ZeroCode);
        group = group[..format.GroupSize];
        for (var i = 0; i < scales.Length; i++)
        {
            var start = i * format.GroupSize;
            var count = Math.Min(format.GroupSize, row.Length - start);
            group.Clear(); // a group that is cut short ends in zeros
            row.Slice(start, count).CopyTo(group);
            var scale = ChooseScale(group, format);
            scales[i] = (Half)scale;
            Round(group, scale, format, groupCodes);
            groupCodes[..count].CopyTo(codes[start..]);
        }
    }

    /// <returns>An fp16 number.</returns>
    private static float ChooseScale(ReadOnlySpan<float> group, WeightFormat format)
    {
        var extreme = Extreme(group);
        if (format.Bits == 8)
            return ScaleFor(Math.Abs(extreme), format.ZeroCode - 1);

        var best = 0f;
        var leastError = float.PositiveInfinity;
        for (var i = 0; i <= 2 * CandidatesPerLevel; i++)
        {
            var magnitude = ScaleFor(Math.Abs(extreme), format.ZeroCode - 1 + (i / (float)CandidatesPerLevel));
            var scale = extreme > 0 ? -magnitude : magnitude;
            var error = SquaredError(group, scale, format);
            if (i == 0 || error < leastError) // errors beyond float32 are all alike
                (best, leastError) = (scale, error);
        }

        return best;
    }

    /// <summary>The value of the largest magnitude, the positive one of two.</summary>
    private static float Extreme(ReadOnlySpan<float> group)
    {
        var (highest, lowest) = (Vector256<float>.Zero, Vector256<float>.Zero);
        for (var i = 0; i < group.Length; i += Vector256<float>.Count)
        {
            var weights = Vector256.Create(group[i..]);
            (highest, lowest) = (Vector256.MaxNative(highest, weights), Vector256.MinNative(lowest, weights));
        }

        var (max, min) = (0f, 0f);
        for (var lane = 0; lane < Vector256<float>.Count; lane++)
            (max, min) = (Math.Max(max, highest[lane]), Math.Min(min, lowest[lane]));
        return max >= -min ? max : min;
    }

    /// <summary>
    /// The nearest fp16 to magnitude / levels; the one above it where that would cut the magnitude off by more than half a step, as the few bits
    /// of a subnormal scale can.
    /// </summary>
    private static float ScaleFor(float magnitude, float levels)
    {
        var scale = (Half)Math.Min(magnitude / levels, (float)Half.MaxValue);
        return magnitude <= (levels + 0.5f) * (float)scale || scale == Half.MaxValue ? (float)scale : (float)Half.BitIncrement(scale);
    }

    /// <summary>Summed in eight lanes.</summary>
    private static float SquaredError(ReadOnlySpan<float> group, float scale, WeightFormat format)
    {
        var inverse = Inverse(scale);
        var sums = Vector256<float>.Zero;
        for (var i = 0; i < group.Length; i += Vector256<float>.Count)
        {
            var weights = Vector256.Create(group[i..]);
            var errors = weights - (Levels(weights, inverse, format) * scale);
            sums += errors * errors;
        }

        var pairs = sums.GetLower() + sums.GetUpper();
        return pairs[0] + pairs[1] + pairs[2] + pairs[3];
    }

    private static void Round(ReadOnlySpan<float> group, float scale, WeightFormat format, Span<byte> codes)
    {
        var inverse = Inverse(scale);
        for (var i = 0; i < group.Length; i += Vector256<float>.Count)
        {
            var levels = Levels(Vector256.Create(group[i..]), inverse, format) + Vector256.Create((float)format.ZeroCode);
            var words = Vector256.ConvertToInt32(levels).AsUInt32();
            var halves = Vector128.Narrow(words.GetLower(), words.GetUpper());
            Vector128.Narrow(halves, halves).GetLower().CopyTo(codes[i..]);
        }
    }

    /// <summary>The nearest level, halves to the even one, cut off at the ends.</summary>
    private static Vector256<float> Levels(Vector256<float> weights, float inverse, WeightFormat format)
    {
        var lowest = format.Bits == 8 ? 1 - format.ZeroCode : -format.ZeroCode;
        return Vector256.ClampNative(Vector256.Round(weights * inverse), Vector256.Create((float)lowest), Vector256.Create(format.ZeroCode - 1f));
    }

    /// <summary>0 for a scale of 0, which gives level 0.</summary>
    private static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;
}
