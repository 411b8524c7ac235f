namespace SplitActors.Inference.Compression;

/// <summary>
/// A token's scale in seven bits: 2^e · (1 + m/8) with four bits of exponent, e = −9 to 6, and three of mantissa; code 0 is kept for scales that travel as
/// bfloat16 instead. Rounding up to the next code raises a scale by less than 1/8, which entropy coding pays back.
/// </summary>
internal static class ScaleCode
{
    /// <summary>No code: the scale follows as bfloat16.</summary>
    public const int Escape = 0;

    public const int Bits = 7;

    private const int MantissaBits = 3;
    private const int DroppedBits = 23 - MantissaBits;
    private const uint EscapeBits = (127 - 9) << MantissaBits;

    /// <summary>The smallest scale with a code that is ≥ <paramref name="value"/>, which is positive; 0 if there is none.</summary>
    public static float RoundUp(float value)
    {
        var bits = (BitConverter.SingleToUInt32Bits(value) + ((1u << DroppedBits) - 1)) >> DroppedBits;
        return bits is > EscapeBits and < EscapeBits + (1 << Bits) ? FromCode((int)(bits - EscapeBits)) : 0;
    }

    /// <summary>The code of a scale; <see cref="Escape"/> if it has none.</summary>
    public static int ToCode(float scale) =>
        RoundUp(scale) == scale ? (int)((BitConverter.SingleToUInt32Bits(scale) >> DroppedBits) - EscapeBits) : Escape;

    /// <param name="code">1 to 127.</param>
    public static float FromCode(int code) => BitConverter.UInt32BitsToSingle((EscapeBits + (uint)code) << DroppedBits);
}
