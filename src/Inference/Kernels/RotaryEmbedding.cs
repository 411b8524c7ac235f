namespace SplitActors.Inference.Kernels;

/// <summary>
/// Rotary position embedding [arXiv 2104.09864], "rotate half" form as in Hugging Face checkpoints: the pair (i, i + D/2) of each
/// head turns by the angle <c>position·θ^(−2i/D)</c>.
/// </summary>
internal static class RotaryEmbedding
{
    /// <summary>Inverse frequencies <c>θ^(−2i/D)</c>, i = 0 … D/2−1, rounded to float32 as the reference implementation does.</summary>
    public static float[] InverseFrequencies(float theta, int headDim)
    {
        var frequencies = new float[headDim / 2];
        for (var i = 0; i < frequencies.Length; i++)
            frequencies[i] = (float)(1.0 / Math.Pow(theta, 2.0 * i / headDim));
        return frequencies;
    }

    /// <summary>cos [D/2] then sin [D/2] of one position's angles.</summary>
    public static void ComputeTable(int position, ReadOnlySpan<float> inverseFrequencies, Span<float> table)
    {
        for (var i = 0; i < inverseFrequencies.Length; i++)
        {
            var (sin, cos) = Trigonometry.SinCos(position * inverseFrequencies[i]);
            table[i] = (float)cos;
            table[inverseFrequencies.Length + i] = (float)sin;
        }
    }

    /// <summary>Turns all heads of one token in place.</summary>
    /// <param name="heads">[heads, D]</param>
    /// <param name="table">The token's cos and sin [D] from <see cref="ComputeTable"/>.</param>
    public static void Rotate(Span<float> heads, ReadOnlySpan<float> table)
    {
        var half = table.Length / 2;
        var cos = table[..half];
        var sin = table[half..];
        for (var head = 0; head < heads.Length; head += table.Length)
        {
            var lower = heads.Slice(head, half);
            var upper = heads.Slice(head + half, half);
            for (var i = 0; i < half; i++)
            {
                var (a, b) = (lower[i], upper[i]);
                lower[i] = (a * cos[i]) - (b * sin[i]);
                upper[i] = (b * cos[i]) + (a * sin[i]);
            }
        }
    }
}
