using System.Runtime.InteropServices;
using SplitActors.Inference.Kernels;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Kernels;

/// <summary>Reproducible operands, and the sizes at which vector loops, tails and tiles begin and end.</summary>
internal static class KernelInputs
{
    public static TheoryData<int> Widths => [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 704];

    /// <summary>Uniform in ±<paramref name="magnitude"/>.</summary>
    public static float[] Floats(int seed, int count, float magnitude = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => magnitude * ((2 * random.NextSingle()) - 1))];
    }

    /// <summary>Weights in the checkpoint's form, uniform in ±1.</summary>
    public static byte[] Weights<TWeights>(int seed, int count)
        where TWeights : struct, IWeightFormat =>
        TWeights.ElementBytes == sizeof(float)
            ? MemoryMarshal.AsBytes<float>(Floats(seed, count)).ToArray()
            : SafetensorsWriter.BFloat16(Floats(seed, count));
}
