namespace SplitActors.Inference.Quantization;

/// <summary>
/// How the weights of a matrix are stored: 16 bits as in the checkpoint, or 8, 4, 3 or 2 bits in groups along a row that share one fp16 scale,
/// <c>w ≈ scale·(code − 2^(Bits−1))</c>.
/// </summary>
/// <param name="Bits">16, 8, 4, 3 or 2</param>
/// <param name="GroupSize">32, 64 or 128 weights per scale; without meaning at 16 bits</param>
public readonly record struct WeightFormat(int Bits, int GroupSize = WeightFormat.GroupSizeDefault)
{
    public const int GroupSizeDefault = 32;

    /// <summary>The weights of the checkpoint as they are.</summary>
    public static readonly WeightFormat Unquantized = new(16);

    public static ReadOnlySpan<int> SupportedBits => [16, 8, 4, 3, 2];

    public static ReadOnlySpan<int> SupportedGroupSizes => [32, 64, 128];

    /// <param name="bits">One of <see cref="SupportedBits"/>.</param>
    /// <param name="groupSize">One of <see cref="SupportedGroupSizes"/>.</param>
    public static WeightFormat Of(int bits, int groupSize) => bits < 16 ? new WeightFormat(bits, groupSize) : Unquantized;

    public bool IsQuantized => Bits < 16;

    public bool IsSupported => SupportedBits.Contains(Bits) && SupportedGroupSizes.Contains(GroupSize);

    /// <summary>The code of weight 0: codes are unsigned, 0 to 2·ZeroCode − 1.</summary>
    public int ZeroCode => 1 << (Bits - 1);

    public override string ToString() => IsQuantized ? $"int{Bits} in groups of {GroupSize}" : "16 bits";
}
