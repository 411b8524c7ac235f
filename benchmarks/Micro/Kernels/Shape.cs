using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.Micro.Kernels;

/// <summary>The sizes that every benchmark here has, and values to compute with.</summary>
internal static class Shape
{
    public static ModelConfig Config { get; } = ModelShapes.Parse("llama-1b", nameof(Shape));

    /// <summary>Normally distributed values, by Box and Muller, the same in every run.</summary>
    public static float[] Values(int count)
    {
        var random = new Random(1);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }
}
