namespace SplitActors.Inference.Compression;

/// <summary>The upper 16 bits of a float32: the form in which a token's scale travels.</summary>
internal static class Bfloat16
{
    private const int DroppedBits = 16;

    /// <summary>The smallest bfloat16 ≥ <paramref name="value"/>, which is positive and below 2^127. Relative rise &lt; 2⁻⁷, above 2⁻¹²⁶.</summary>
    public static float RoundUp(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value) + ((1u << DroppedBits) - 1);
        return FromBits((ushort)(bits >> DroppedBits));
    }

    public static ushort ToBits(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> DroppedBits);

    public static float FromBits(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << DroppedBits);
}
