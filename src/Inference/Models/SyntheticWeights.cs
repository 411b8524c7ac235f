using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Models;

/// <summary>Weights without meaning, for measurements: only their number and format are those of a model. Norms are 1.</summary>
internal sealed class SyntheticWeights(WeightFormat format) : IWeightSource
{
    private readonly NativeArena _arena = new();
    private ulong _matrixCount;

    public Linear Matrix(string name, int outputSize, int inputSize)
    {
        var seed = SyntheticBytes.SeedOf(_matrixCount++);
        return format.IsQuantized
            ? new QuantizedLinear(QuantizedMatrix.Synthesize(new TileLayout(outputSize, inputSize, format), seed, _arena))
            : SyntheticLinear.Create(outputSize, inputSize, seed, _arena);
    }

    public float[] Norm(string name, int size)
    {
        var weights = new float[size];
        weights.AsSpan().Fill(1f);
        return weights;
    }
}
