using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>Hidden states, [rows, width], that have a golden frame of that name.</summary>
public sealed record GoldenInput(string Name, CompressionOptions Options, float[] Hidden, int Rows, int Width);

/// <summary>The hidden states behind the golden frames, by integer arithmetic, so that they are the same everywhere.</summary>
public static class GoldenInputs
{
    /// <summary>Spelled out, so that new defaults leave the golden frames alone.</summary>
    public static CompressionOptions Options { get; } = new(FrameCodec.Tabq, new TabqOptions(Threshold.RelativeToRms(6), 0.12, bitsMax: 5, bitsMin: 4));

    /// <summary>Two bits, so that frames of many symbols are small.</summary>
    private static CompressionOptions Coarse { get; } = new(FrameCodec.Tabq, new TabqOptions(Threshold.Quantile(0.999f), 0, bitsMax: 2, bitsMin: 2));

    /// <summary>One, three and 64 rows of 1 to 4,097 values; one lane, four and 32; every kind of token and both codecs.</summary>
    public static IReadOnlyList<GoldenInput> Version2 { get; } =
    [
        new("raw-3x7", CompressionOptions.Lossless, WithOutliers(Normal(21)), 3, 7),
        new("tabq-1x1", Options, [0.1f], 1, 1),
        new("tabq-3x1", Options, [0.1f, -3, 0], 3, 1),
        new("tabq-64x1", Options, Normal(64), 64, 1),
        new("tabq-1x7", Options, Normal(7), 1, 7),
        new("tabq-64x7", Options, Normal(448), 64, 7),
        new("tabq-1x256", Options, Normal(256), 1, 256),
        new("tabq-3x256", Options, WithOutliers(Normal(768)), 3, 256),
        new("tabq-64x256", Options, Normal(16384), 64, 256),
        new("tabq-1x4097", Options, Normal(4097), 1, 4097),
        new("tabq-9x4095", Coarse, Normal(9 * 4095), 9, 4095),
        new("special-rows", Options, [.. new float[9], .. Enumerable.Repeat(-2.5f, 9), .. Enumerable.Range(0, 9).Select(i => 10 + (i / 8f)), .. Normal(9)], 4, 9),
    ];

    /// <summary>Roughly normal values of standard deviation 1: the sum of twelve uniform 16-bit numbers, less its mean.</summary>
    public static float[] Normal(int count)
    {
        var values = new float[count];
        var state = 1UL;
        for (var i = 0; i < count; i++)
        {
            var sum = 0;
            for (var term = 0; term < 12; term++)
            {
                state = (state * 6364136223846793005) + 1442695040888963407;  // Knuth, MMIX
                sum += (int)(state >> 48);
            }

            values[i] = (sum - (6 * 65536)) / 65536f;
        }

        return values;
    }

    private static float[] WithOutliers(float[] values)
    {
        values[3] = 40.125f;
        values[16] = -1e20f;
        values[17] = float.NaN;
        values[18] = float.NegativeInfinity;
        return values;
    }
}
