using System.Runtime.CompilerServices;

namespace SplitActors.Inference.Kernels;

/// <summary>
/// The integer grid of one head's key or value: <c>code = round((x − min)/scale)</c>, <c>x̃ = min + scale·code</c>, with min and scale in half
/// as they are stored: min is rounded down and scale up, so that every x lies on the grid.
/// </summary>
/// <remarks>
/// Error for |x| ≤ 65504: |x̃ − x| ≤ scale/2 + 2⁻²¹·max |x|, the second term being float32 rounding;
/// scale ≤ (1 + 2⁻¹⁰)·(max x − min x + 2⁻¹⁰·|min x| + 2⁻²⁴)/(2^bits − 1) + 2⁻²⁴.
/// </remarks>
internal readonly record struct KvGrid(Half Scale, Half Min)
{
    private static readonly KvGrid NotANumber = new(Half.NaN, Half.NaN);

    /// <summary>NaN anywhere makes the grid NaN, and so all that it decodes to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static KvGrid Fit(ReadOnlySpan<float> x, int bits)
    {
        var (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var value in x)
        {
            if (float.IsNaN(value))
                return NotANumber;
            low = MathF.Min(low, value);
            high = MathF.Max(high, value);
        }

        (low, high) = (HalfVector.Clamp(low), HalfVector.Clamp(high));
        var min = (Half)low;
        if ((float)min > low)
            min = Half.BitDecrement(min);
        var exact = (high - (float)min) / ((1 << bits) - 1);
        var scale = (Half)exact;
        if ((float)scale < exact)
            scale = Half.BitIncrement(scale);
        return new KvGrid(scale, min);
    }

    /// <summary>Codes of 0 … 2^bits − 1.</summary>
    public Encoder EncoderFor(int bits) => new((float)Min, Scale > Half.Zero ? (float)Scale : 1, (1 << bits) - 1);

    /// <summary>The same values in float32.</summary>
    public readonly record struct Encoder(float Min, float Scale, float CodeMax)
    {
        public byte Encode(float value) =>
            (byte)MathF.Min(MathF.Max(MathF.Round((HalfVector.Clamp(value) - Min) / Scale), 0), CodeMax);
    }
}
