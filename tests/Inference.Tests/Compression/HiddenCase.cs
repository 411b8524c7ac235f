using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Tests.Compression.Fuzzing;

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
            HiddenValues.Fill(random, values.AsSpan(row * Width, Width));
        return values;
    }
}
