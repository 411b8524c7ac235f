using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Models;

/// <summary>
/// Weights of a checkpoint, which must stay open as long as they are used. What is stored in the wanted format stays where it is mapped; a
/// matrix of 16 or 32 bits is quantized into memory of its own if so wanted.
/// </summary>
/// <param name="checkpoint">A Hugging Face folder or an OPSC package.</param>
/// <param name="format">The wanted format of matrices that the checkpoint has in 16 or 32 bits; null for what it has.</param>
/// <param name="threads">Quantize; null for the calling thread alone.</param>
internal sealed class CheckpointWeights(Checkpoint checkpoint, WeightFormat? format, ComputeThreads? threads = null) : IWeightSource
{
    private readonly NativeArena _arena = new();

    public Linear Matrix(string name, int outputSize, int inputSize)
    {
        var stored = checkpoint.FormatOf(name);
        if (stored.IsQuantized)
        {
            if (format is { } other && other != stored)
                throw WrongFormat(name, stored, other);
            var layout = new TileLayout(outputSize, inputSize, stored);
            return new QuantizedLinear(QuantizedMatrix.FromTensor(checkpoint.GetTensor(name), layout));
        }

        var tensor = checkpoint.GetTensor(name, outputSize, inputSize);
        if (format is { IsQuantized: true } wanted)
            return new QuantizedLinear(QuantizedMatrix.Quantize(tensor, wanted, _arena, threads));

        tensor.EnsureFinite();
        return tensor.Type switch
        {
            TensorType.BF16 => new FloatLinear<BFloat16Weights>(tensor, outputSize, inputSize),
            TensorType.F32 => new FloatLinear<Float32Weights>(tensor, outputSize, inputSize),
            _ => new FloatLinear<Float16Weights>(tensor, outputSize, inputSize),
        };
    }

    public float[] Norm(string name, int size)
    {
        var tensor = checkpoint.GetTensor(name, size);
        tensor.EnsureFinite();
        var weights = new float[size];
        tensor.CopyTo(weights);
        return weights;
    }

    private UserErrorException WrongFormat(string name, WeightFormat stored, WeightFormat wanted) => CheckpointError.At(
        $"{checkpoint.Folder}, tensor {name}", $"{wanted}", $"{stored}, and quantizing once more would lose twice",
        "Leave the bits out to take the package as it is, or quantize the original checkpoint.");
}
