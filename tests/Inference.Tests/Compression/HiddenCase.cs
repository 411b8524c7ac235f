using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>Hidden states and options made from a seed; printed as what is needed to make them again.</summary>
internal sealed record HiddenCase(int Seed, int Rows, int Width, TabqOptions Options)
{
    private static readonly string[] Thresholds = ["0.1", "5", "1rms", "3rms", "6rms", "1E+30", "q0.5", "q0.999"];
    private static readonly double[] Tolerances = [0, 0.05, 0.12, 0.5, 10];

    /// <summary>Shapes from 1 × 1 to many rows, odd widths, and up to the width of a 13B model.</summary>
    public static Gen<HiddenCase> Gen { get; } =
        from seed in FsCheck.Fluent.Gen.Choose(0, int.MaxValue)
        from shape in FsCheck.Fluent.Gen.Elements((1, 1), (1, 2), (5, 1), (1, 7), (3, 33), (1, 256), (2, 255), (17, 256), (300, 3), (1, 4096), (2, 5120))
        from threshold in FsCheck.Fluent.Gen.Elements(Thresholds)
        from tolerance in FsCheck.Fluent.Gen.Elements(Tolerances)
        from bitsMax in FsCheck.Fluent.Gen.Choose(TabqOptions.BitsLowest, TabqOptions.BitsHighest)
        from bitsMin in FsCheck.Fluent.Gen.Choose(TabqOptions.BitsLowest, bitsMax)
        select new HiddenCase(seed, shape.Item1, shape.Item2, new TabqOptions(Threshold.Parse(threshold, "test"), tolerance, bitsMax, bitsMin));

    public CompressionOptions Compression => new(FrameCodec.Tabq, Options);

    /// <summary>[rows, width]</summary>
    public float[] Values()
    {
        var random = new Random(Seed);
        var values = new float[Rows * Width];
        for (var row = 0; row < Rows; row++)
            FillRow(random, values.AsSpan(row * Width, Width));
        return values;
    }

    private static void FillRow(Random random, Span<float> row)
    {
        var kind = random.Next(10);
        var scale = MathF.Pow(10, random.Next(-42, 38));
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = kind switch
            {
                0 => 0,
                1 => random.Next(2) == 0 ? scale : -scale,
                2 => (10 + random.NextSingle()) * (random.Next(2) == 0 ? 1 : -1),
                3 => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
                4 => BitConverter.Int32BitsToSingle(random.Next(0x0080_0000)),
                5 => MathF.BitIncrement(scale) - (random.Next(2) * MathF.Abs(scale - MathF.BitDecrement(scale))),
                _ => Normal(random) * (kind == 6 ? 3 : scale),
            };
        }

        if (random.Next(3) == 0)
            row[random.Next(row.Length)] *= 1e6f;
        if (random.Next(4) == 0)
            row[random.Next(row.Length)] = random.Next(4) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 => float.NegativeInfinity, _ => float.MaxValue };
    }

    private static float Normal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
