namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Bytes of a set of weights at each weight width:
/// <list type="bullet">
/// <item>16 bits: 2 bytes per weight, norm vectors included, as in a BF16 checkpoint;</item>
/// <item>8 and 4 bits: a matrix [rows, columns] is quantized in groups of 32 along its rows, each with one fp16 scale:
/// rows · ⌈columns/32⌉ · (32·bits/8 + 2) bytes, that is 34 or 18 per group; a norm vector [n] stays f32: 4·n bytes.</item>
/// </list>
/// </summary>
public readonly record struct WeightBytes(long At16Bits, long At8Bits, long At4Bits)
{
    /// <summary>Weights that share one scale.</summary>
    public const int GroupSize = 32;

    private const int ScaleBytes = 2;

    public static WeightBytes OfMatrix(long rows, int columns)
    {
        var groupCount = rows * ((columns + GroupSize - 1) / GroupSize);
        return new WeightBytes(
            2 * rows * columns, groupCount * (GroupSize + ScaleBytes), groupCount * ((GroupSize / 2) + ScaleBytes));
    }

    public static WeightBytes OfVector(int size) => new(2L * size, 4L * size, 4L * size);

    public static WeightBytes operator +(WeightBytes a, WeightBytes b) =>
        new(a.At16Bits + b.At16Bits, a.At8Bits + b.At8Bits, a.At4Bits + b.At4Bits);

    public static WeightBytes operator *(int count, WeightBytes bytes) =>
        new(count * bytes.At16Bits, count * bytes.At8Bits, count * bytes.At4Bits);
}
