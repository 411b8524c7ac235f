using System.Globalization;

namespace SplitActors.Inference.Compression;

/// <summary>
/// Settings of threshold splitting and token-wise adaptive bit quantization [2511.04002, section 2.3]. Bit-widths count the sign bit.
/// The defaults are measured on the embedded model: see docs/wire-format.md, "Default settings".
/// </summary>
public sealed record TabqOptions
{
    /// <summary>Smallest bit-width: a sign and one magnitude bit.</summary>
    public const int BitsLowest = 2;

    /// <summary>Largest bit-width: a sign and seven magnitude bits.</summary>
    public const int BitsHighest = 8;

    public static readonly Threshold DefaultThreshold = Threshold.RelativeToRms(6.5f);

    /// <param name="threshold">τ of eq. 4; null takes <see cref="DefaultThreshold"/>.</param>
    /// <param name="distortionTolerance">Δ of Algorithm 1, in quantization levels, ≥ 0.</param>
    /// <param name="bitsMax">Q̄ of Algorithm 1, 2 to 8.</param>
    /// <param name="bitsMin">
    /// Fewest bits, 2 to <paramref name="bitsMax"/>. From 3 bits to 2 the distortion δ is 0 by construction (a level's lower bit falls away
    /// exactly where rounding falls away), so a token that reaches 3 bits goes on to 2 unless this forbids it.
    /// </param>
    /// <exception cref="UserErrorException">A value is out of its range.</exception>
    public TabqOptions(Threshold? threshold = null, double distortionTolerance = 0.11, int bitsMax = 5, int bitsMin = 4)
    {
        Threshold = threshold ?? DefaultThreshold;
        DistortionTolerance = distortionTolerance;
        BitsMax = bitsMax;
        BitsMin = bitsMin;
        Require(Threshold.IsValid, nameof(Threshold), "a finite value above 0", Threshold.ToString());
        Require(distortionTolerance >= 0 && double.IsFinite(distortionTolerance), nameof(DistortionTolerance), "a finite value of at least 0", Text(distortionTolerance));
        Require(bitsMax is >= BitsLowest and <= BitsHighest, nameof(BitsMax), $"{BitsLowest} to {BitsHighest} bits", Text(bitsMax));
        Require(bitsMin >= BitsLowest && bitsMin <= bitsMax, nameof(BitsMin), $"{BitsLowest} to {bitsMax} bits ({nameof(BitsMax)})", Text(bitsMin));
    }

    /// <summary>τ: values of at least this magnitude travel losslessly.</summary>
    public Threshold Threshold { get; }

    /// <summary>Δ: largest mean difference, in levels, between the reduced code and the code at <see cref="BitsMax"/>.</summary>
    public double DistortionTolerance { get; }

    /// <summary>Q̄: bits, sign included, that a token starts with.</summary>
    public int BitsMax { get; }

    /// <summary>Fewest bits, sign included, that a token may end with.</summary>
    public int BitsMin { get; }

    private static void Require(bool holds, string option, string expected, string found)
    {
        if (!holds)
            throw new UserErrorException(UserErrorKind.Options, option, expected, found, "Correct the compression options.");
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
