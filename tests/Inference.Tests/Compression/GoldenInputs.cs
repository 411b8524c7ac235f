using SplitActors.Inference.Compression;

namespace SplitActors.Inference.Tests.Compression;

/// <summary>The hidden states behind the golden frames, by integer arithmetic, so that they are the same everywhere.</summary>
public static class GoldenInputs
{
    /// <summary>Spelled out, so that new defaults leave the golden frames alone.</summary>
    public static CompressionOptions Options { get; } = new(FrameCodec.Tabq, new TabqOptions(Threshold.RelativeToRms(6), 0.12, bitsMax: 5, bitsMin: 4));

    /// <summary>Name, hidden states, rows, width.</summary>
    public static IReadOnlyList<(string Name, float[] Hidden, int Rows, int Width)> Tabq { get; } =
    [
        ("token", Normal(256), 1, 256),
        ("outliers", WithOutliers(Normal(2 * 65)), 2, 65),
        ("special-rows", [.. new float[9], .. Enumerable.Repeat(-2.5f, 9), .. Enumerable.Range(0, 9).Select(i => 10 + (i / 8f)), .. Normal(9)], 4, 9),
        ("packed", [.. Enumerable.Range(-15, 31).Select(i => (float)i)], 1, 31),
        ("four-streams", Normal(18 * 256), 18, 256),
        ("single-value", [0.1f], 1, 1),
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
        values[64] = -1e20f;
        values[65] = float.NaN;
        values[66] = float.NegativeInfinity;
        return values;
    }
}
