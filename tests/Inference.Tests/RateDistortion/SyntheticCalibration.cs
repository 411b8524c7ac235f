using SplitActors.Inference.Calibration;
using SplitActors.Inference.Tests.Compression;
using SplitActors.Inference.Tests.Compression.Fuzzing;

namespace SplitActors.Inference.Tests.RateDistortion;

/// <summary>A calibration by integer arithmetic, the same everywhere: a Hadamard matrix as the rotation, the identity times 0.5 as the prediction.</summary>
internal static class SyntheticCalibration
{
    public const int SplitLayer = 3;
    private const ulong Id = 0x0123_4567_89AB_CDEF;

    /// <param name="width">A power of 4, so that 1/√width is exact in float16.</param>
    /// <param name="id">Of the file that it is taken to come from.</param>
    public static SplitCalibration Of(int width, ulong id = Id)
    {
        var entry = 1f;
        for (var size = 1; size < width; size *= 4)
            entry /= 2;
        var vectors = new ushort[width * width];
        for (var i = 0; i < vectors.Length; i++)
        {
            var isNegative = (System.Numerics.BitOperations.PopCount((uint)((i / width) & (i % width))) & 1) != 0;
            vectors[i] = BitConverter.HalfToUInt16Bits((Half)(isNegative ? -entry : entry));
        }

        return With(vectors, width, id);
    }

    /// <summary>[width, width] float16: a random rotation, rounded as a calibration stores it, so that it is only nearly one.</summary>
    public static ushort[] RoundedRotation(int width)
    {
        var random = new Random(width);
        var vectors = new double[width][];
        for (var row = 0; row < width; row++)
        {
            var vector = Enumerable.Range(0, width).Select(_ => (double)HiddenValues.Normal(random)).ToArray();
            foreach (var other in vectors.AsSpan(0, row))
            {
                var along = DoubleVectors.Dot(vector, other);
                for (var i = 0; i < width; i++)
                    vector[i] -= along * other[i];
            }

            DoubleVectors.Scale(vector, 1 / Math.Sqrt(DoubleVectors.Dot(vector, vector)));
            vectors[row] = vector;
        }

        return [.. vectors.SelectMany(vector => vector).Select(value => BitConverter.HalfToUInt16Bits((Half)value))];
    }

    /// <summary>A calibration with this rotation.</summary>
    /// <param name="vectors">[width, width] float16.</param>
    /// <param name="width">Values per token.</param>
    /// <param name="id">Of the file that it is taken to come from.</param>
    public static SplitCalibration With(ushort[] vectors, int width, ulong id = Id)
    {
        var mean = GoldenInputs.Normal(width);
        var deviation = Enumerable.Range(0, width).Select(i => 1f / (1 + (i / 8))).ToArray();
        var basis = new KarhunenLoeveBasis(vectors, deviation);
        var codes = new sbyte[width * width];
        for (var i = 0; i < width; i++)
            codes[(i * width) + i] = 64;
        var prediction = new EmbeddingPrediction(codes, [.. Enumerable.Repeat(1f / 128, width)], mean, basis);
        return new SplitCalibration(SplitLayer, id, new SplitTensors(mean, deviation, basis, prediction), [], []);
    }
}
