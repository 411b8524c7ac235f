using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Tests.Quantization;

/// <summary>A matrix of odd sizes and its format; the weights follow from the seed.</summary>
/// <param name="Exponent">Magnitude of the weights as a power of two.</param>
internal sealed record QuantizationCase(int RowCount, int ColumnCount, WeightFormat Format, int Seed, int Exponent)
{
    public static Gen<QuantizationCase> Any { get; } =
        from rows in Gen.Choose(1, 40)
        from columns in Gen.Choose(1, 300)
        from bits in Gen.Elements(8, 4, 3, 2)
        from groupSize in Gen.Elements(32, 64, 128)
        from seed in Gen.Choose(0, int.MaxValue)
        from exponent in Gen.Choose(-34, 12)
        select new QuantizationCase(rows, columns, new WeightFormat(bits, groupSize), seed, exponent);

    public TileLayout Layout => new(RowCount, ColumnCount, Format);

    /// <summary>Every quantized format.</summary>
    public static TheoryData<int, int> Formats
    {
        get
        {
            var formats = new TheoryData<int, int>();
            foreach (var bits in WeightFormat.SupportedBits[1..])
            {
                foreach (var groupSize in WeightFormat.SupportedGroupSizes)
                    formats.Add(bits, groupSize);
            }

            return formats;
        }
    }

    /// <summary>[columns]: some zeros, magnitudes over six powers of two.</summary>
    public float[] Weights()
    {
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, ColumnCount).Select(_ => random.Next(8) == 0
            ? 0f
            : MathF.ScaleB((2 * random.NextSingle()) - 1, Exponent - random.Next(6)))];
    }

    /// <summary>[rows][blocks · 32]: any codes, padding included.</summary>
    public byte[][] Codes()
    {
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, RowCount).Select(_ =>
            Enumerable.Range(0, Layout.BlockCount * TileLayout.BlockColumns).Select(_ => (byte)random.Next(1 << Format.Bits)).ToArray())];
    }
}
