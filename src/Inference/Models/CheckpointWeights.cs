using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Models;

/// <summary>Weights of a checkpoint, quantized on the way if so wanted. The checkpoint must stay open as long as they are used.</summary>
/// <param name="checkpoint">A Hugging Face folder or an OPSC package.</param>
/// <param name="format">The wanted format of matrices that the checkpoint has in 16 or 32 bits; null for what it has.</param>
internal sealed class CheckpointWeights(Checkpoint checkpoint, WeightFormat? format) : IWeightSource
{
    private readonly NativeArena _arena = new();

    public Linear Matrix(string name, int outputSize, int inputSize) => Linear.Load(checkpoint, name, outputSize, inputSize, format, _arena);

    public float[] Norm(string name, int size)
    {
        var tensor = checkpoint.GetTensor(name, size);
        tensor.EnsureFinite();
        var weights = new float[size];
        tensor.CopyTo(weights);
        return weights;
    }
}
