using System.Runtime.Intrinsics;

namespace SplitActors.Inference.Compression.RateDistortion;

/// <summary>
/// Uniform scalar quantization with a dead zone: the level of x is sign(x)·⌊|x|/step + 0.42⌋, its value level · step. All arithmetic is float32 in one
/// order. A level is a symbol of one byte: 0, +1, −1, +2, ….
/// Error: |x̃ − x| ≤ 0.5801 · step for every value whose level is at most <see cref="LevelMax"/>.
/// </summary>
internal static class LevelQuantizer
{
    /// <summary>Below one half: what falls near 0 is cheaper there, by more than it adds to the error (measured: 0.36 to 0.46 do equally well).</summary>
    public const float RoundingOffset = 0.42f;

    /// <summary>Largest level: 253 symbols.</summary>
    public const int LevelMax = 126;

    /// <summary>The level of all values beyond, of NaN and of ±∞, which no table has.</summary>
    public const int Overflow = LevelMax + 1;

    /// <param name="values">[width]</param>
    /// <param name="mean">[width] Taken from the values before; empty for none.</param>
    /// <param name="step">A step of <see cref="StepGrid"/>.</param>
    /// <param name="symbols">[width]</param>
    public static void Quantize(ReadOnlySpan<float> values, ReadOnlySpan<float> mean, float step, Span<byte> symbols)
    {
        symbols = symbols[..values.Length]; // blocks of 16 look at the first of them only
        mean = mean.IsEmpty ? mean : mean[..values.Length];
        var inverse = 1 / step;
        var column = 0;
        for (; column <= values.Length - Vector512<float>.Count; column += Vector512<float>.Count)
        {
            var value = Vector512.LoadUnsafe(in values[column]);
            if (!mean.IsEmpty)
                value -= Vector512.LoadUnsafe(in mean[column]);
            var level = (Vector512.Abs(value) * inverse) + Vector512.Create(RoundingOffset);
            var limit = Vector512.Create((float)Overflow);
            var whole = Vector512.ConvertToInt32Native(Vector512.ConditionalSelect(Vector512.LessThan(level, limit), level, limit)); // NaN: Overflow
            var isPositive = Vector512.GreaterThan(value, Vector512<float>.Zero).AsInt32() & Vector512.GreaterThan(whole, Vector512<int>.Zero);
            ByteLanes.Store(Vector512.ShiftLeft(whole, 1) + isPositive, ref symbols[column]);
        }

        for (; column < values.Length; column++)
        {
            var value = mean.IsEmpty ? values[column] : values[column] - mean[column];
            var level = (MathF.Abs(value) * inverse) + RoundingOffset;
            var whole = level < Overflow ? (int)level : Overflow;
            symbols[column] = (byte)((2 * whole) - (value > 0 && whole > 0 ? 1 : 0));
        }
    }

    /// <summary>Turns symbols into values where they are: the row ends with its symbols (<see cref="SymbolMap.SymbolsOf"/>).</summary>
    /// <param name="row">[width] Receives level · step.</param>
    /// <param name="step">A step of <see cref="StepGrid"/>.</param>
    public static void ToValues(Span<float> row, float step)
    {
        ReadOnlySpan<byte> symbols = SymbolMap.SymbolsOf(row);
        var column = 0;
        for (; column <= row.Length - Vector512<int>.Count; column += Vector512<int>.Count)
        {
            var symbol = ByteLanes.Load(in symbols[column]);
            var negate = (symbol & Vector512<int>.One) - Vector512<int>.One;  // −1 for even symbols
            var level = (Vector512.ShiftRightLogical(symbol + Vector512<int>.One, 1) ^ negate) - negate;
            (Vector512.ConvertToSingle(level) * step).StoreUnsafe(ref row[column]);
        }

        for (; column < row.Length; column++)
            row[column] = LevelOf(symbols[column]) * step;
    }

    /// <summary>row += mean</summary>
    public static void Add(Span<float> row, ReadOnlySpan<float> mean)
    {
        mean = mean[..row.Length];
        var column = 0;
        for (; column <= row.Length - Vector512<float>.Count; column += Vector512<float>.Count)
            (Vector512.LoadUnsafe(ref row[column]) + Vector512.LoadUnsafe(in mean[column])).StoreUnsafe(ref row[column]);
        for (; column < row.Length; column++)
            row[column] += mean[column];
    }

    /// <summary>Level with its sign.</summary>
    public static int LevelOf(byte symbol) => (symbol & 1) != 0 ? (symbol + 1) / 2 : -(symbol / 2);
}
