namespace SplitActors.Inference.Kernels;

/// <summary>Constants of the conversion from fp16 to float32 without a conversion instruction, which .NET 10 does not offer for vectors.</summary>
internal static class Fp16
{
    /// <summary>Keeps the sign and the 15 bits of the magnitude after a sign-extended half is shifted left by 13.</summary>
    public const int SignAndMagnitudeMask = unchecked((int)0x8FFFE000);

    /// <summary>2^112 = 2^(127−15).</summary>
    public const float BiasCorrection = 5.192296858534828e33f;
}
