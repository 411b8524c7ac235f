namespace SplitActors.Inference.Compression;

/// <summary>Selects a magnitude by rank in three passes over a token, eleven or ten bits at a time: O(width), no copy.</summary>
internal static class MagnitudeQuantile
{
    private const uint MagnitudeBits = 0x7FFF_FFFF;
    private const int BinCountMax = 1 << 11;

    /// <summary>
    /// The threshold that at most ⌊(1 − <paramref name="part"/>)·width + ½⌋ values reach: the next float32 above the largest magnitude that is to
    /// stay. NaN ranks above ∞. +∞ if all finite values are to stay.
    /// </summary>
    public static float ThresholdFor(ReadOnlySpan<float> row, float part)
    {
        var leaving = Math.Min((int)(((1.0 - part) * row.Length) + 0.5), row.Length - 1);
        var bits = BitsOfRank(row, leaving);
        var largest = BitConverter.UInt32BitsToSingle(bits);
        return float.IsFinite(largest) ? MathF.BitIncrement(largest) : float.PositiveInfinity;
    }

    /// <summary>The bits of the magnitude that <paramref name="rank"/> others are above, in descending order.</summary>
    private static uint BitsOfRank(ReadOnlySpan<float> row, int rank)
    {
        Span<int> bins = stackalloc int[BinCountMax];
        var (prefix, shift) = (0u, 31);
        foreach (var bits in (ReadOnlySpan<int>)[11, 10, 10])
        {
            bins.Clear();
            var above = shift;
            shift -= bits;
            foreach (var value in row)
            {
                var magnitude = BitConverter.SingleToUInt32Bits(value) & MagnitudeBits;
                if ((ulong)magnitude >> above == prefix)
                    bins[(int)((magnitude >> shift) & ((1u << bits) - 1))]++;
            }

            var bin = (1 << bits) - 1;
            for (; rank >= bins[bin]; bin--)
                rank -= bins[bin];
            prefix = (prefix << bits) | (uint)bin;
        }

        return prefix;
    }
}
