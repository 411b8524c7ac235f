namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// Quantization steps on a logarithmic grid of four per octave: step k is 2^(k/4). A step that is off by half a place costs 0.5 % distortion at equal
/// rate, and a token's step fits seven bits.
/// </summary>
internal static class StepGrid
{
    public const int PerOctave = 1 << PerOctaveLog2;

    /// <summary>2^-100: the reciprocal of every step is a normal float32.</summary>
    public const int IndexMin = -100 * PerOctave;

    /// <summary>2^120: the largest level times the largest step is finite.</summary>
    public const int IndexMax = 120 * PerOctave;

    private const int PerOctaveLog2 = 2;
    private const int MantissaBits = 23;
    private const int ExponentBias = 127;

    /// <summary>2^(i/4).</summary>
    private static ReadOnlySpan<float> Mantissas => [1f, 1.18920712f, 1.41421356f, 1.68179283f];

    /// <summary>2^((2i+1)/8): from here on the next place is nearer.</summary>
    private static ReadOnlySpan<float> Borders => [1.09050773f, 1.29683955f, 1.54221083f, 1.83400809f];

    /// <summary>2^(k/4), the same float32 on every CPU.</summary>
    /// <param name="index">k, <see cref="IndexMin"/> to <see cref="IndexMax"/>.</param>
    public static float Value(int index)
    {
        var mantissa = BitConverter.SingleToInt32Bits(Mantissas[index & (PerOctave - 1)]);
        return BitConverter.Int32BitsToSingle(mantissa + ((index >> PerOctaveLog2) << MantissaBits));
    }

    /// <summary>The place nearest to a value by ratio, within the grid.</summary>
    /// <param name="value">At least 0, not NaN.</param>
    public static int Nearest(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(value);
        var exponent = (bits >> MantissaBits) - ExponentBias;
        var mantissa = BitConverter.Int32BitsToSingle((bits & ((1 << MantissaBits) - 1)) | (ExponentBias << MantissaBits));
        var place = 0;
        while (place < PerOctave && mantissa >= Borders[place])
            place++;
        return Math.Clamp((exponent * PerOctave) + place, IndexMin, IndexMax);
    }
}
