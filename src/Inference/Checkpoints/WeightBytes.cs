using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Checkpoints;

/// <summary>
/// Bytes of a set of weights at each weight width:
/// <list type="bullet">
/// <item>16 bits, which leaves weights as they are: the bytes that the files hold, so 4 per weight of a checkpoint in float32;</item>
/// <item>8 and 4 bits: a matrix takes the tiles of <see cref="TileLayout"/>, padding included, in groups of 32; a norm vector [n] stays f32:
/// 4·n bytes.</item>
/// </list>
/// </summary>
public readonly record struct WeightBytes(long At16Bits, long At8Bits, long At4Bits)
{
    public static WeightBytes OfMatrix(int rows, int columns, long storedBytes) => new(
        storedBytes,
        new TileLayout(rows, columns, new WeightFormat(8)).ByteCount,
        new TileLayout(rows, columns, new WeightFormat(4)).ByteCount);

    public static WeightBytes OfVector(int size, long storedBytes) => new(storedBytes, 4L * size, 4L * size);

    public static WeightBytes operator +(WeightBytes a, WeightBytes b) =>
        new(a.At16Bits + b.At16Bits, a.At8Bits + b.At8Bits, a.At4Bits + b.At4Bits);

    public static WeightBytes operator *(int count, WeightBytes bytes) =>
        new(count * bytes.At16Bits, count * bytes.At8Bits, count * bytes.At4Bits);
}
