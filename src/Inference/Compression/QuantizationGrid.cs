namespace SplitActors.Inference.Compression;

/// <summary>
/// The grid on which one token's magnitudes lie: bits Q with the sign, scale s and zero point z of [2511.04002, eq. 5–7].
/// Q = 1 is the row of one magnitude, where Q_max = 0 and s of eq. 6 would be 0: <see cref="Scale"/> then holds that magnitude itself.
/// </summary>
internal readonly record struct QuantizationGrid(int Bits, float Scale, int ZeroPoint)
{
    /// <summary>Bits of a row whose magnitudes are all the same: only the sign is left.</summary>
    public const int ConstantBits = 1;

    /// <summary>Q_max = 2^(Q−1) − 1.</summary>
    public int LevelMax => (1 << (Bits - 1)) - 1;

    /// <summary>All values are 0: nothing at all is coded.</summary>
    public bool IsZero => Bits == ConstantBits && Scale == 0;

    /// <summary>Whether level 0 stands for a magnitude above 0, and so has a sign.</summary>
    public bool ZeroLevelHasSign => ZeroPoint < 0 || Bits == ConstantBits;

    /// <summary>Symbols of the signed alphabet: level 0 once or twice, every other level twice.</summary>
    public int SymbolCount => (2 << (Bits - 1)) - (ZeroLevelHasSign ? 0 : 1);

    public static QuantizationGrid Constant(float magnitude) => new(ConstantBits, magnitude, 0);

    /// <summary>The symbol of a level and its sign: 0, +1, −1, +2, … or, where level 0 has a sign, +0, −0, +1, −1, ….</summary>
    public int SymbolOf(int level, bool isNegative)
    {
        var positive = ZeroLevelHasSign ? 2 * level : Math.Max((2 * level) - 1, 0);
        return isNegative && (level > 0 || ZeroLevelHasSign) ? positive + 1 : positive;
    }

    /// <summary>Eq. 7 with the sign: ±(T̂ − z)·s.</summary>
    public float Dequantize(int symbol)
    {
        if (symbol == 0 && !ZeroLevelHasSign)
            return 0;
        var signed = ZeroLevelHasSign ? symbol : symbol + 1;  // 2·T̂ + sign
        var magnitude = Bits == ConstantBits ? Scale : (float)(((double)(signed >> 1) - ZeroPoint) * Scale);
        return (signed & 1) != 0 ? -magnitude : magnitude;
    }
}
