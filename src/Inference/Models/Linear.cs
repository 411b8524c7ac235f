using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Models;

/// <summary>A weight matrix W [outputs, inputs] and its product with activations, whatever the stored format.</summary>
internal abstract class Linear(int outputSize, int inputSize)
{
    public int InputSize { get; } = inputSize;

    public int OutputSize { get; } = outputSize;

    /// <summary>Quantized formats need their input quantized too.</summary>
    public abstract WeightFormat Format { get; }

    /// <summary>Bytes of the weights.</summary>
    public abstract long ByteCount { get; }

    /// <summary>The first of <see cref="ByteCount"/> bytes; valid as long as this object is held and its checkpoint is not disposed.</summary>
    public abstract unsafe byte* Weights { get; }

    /// <summary>
    /// Reads a matrix of the checkpoint. What is stored in the wanted format stays where it is mapped; a matrix of 16 or 32 bits is quantized
    /// into memory of its own if so wanted.
    /// </summary>
    /// <param name="format">Null for what the checkpoint has.</param>
    /// <param name="arena">Memory of matrices that are quantized.</param>
    /// <exception cref="UserErrorException">The tensor is missing, has another shape or format, or holds a weight that is not finite.</exception>
    public static Linear Load(Checkpoint checkpoint, string name, int outputSize, int inputSize, WeightFormat? format, NativeArena arena)
    {
        var stored = checkpoint.FormatOf(name);
        if (stored.IsQuantized)
        {
            if (format is { } other && other != stored)
                throw WrongFormat(checkpoint, name, stored, other);
            var layout = new TileLayout(outputSize, inputSize, stored);
            return new QuantizedLinear(QuantizedMatrix.FromTensor(checkpoint.GetTensor(name), layout));
        }

        var tensor = checkpoint.GetTensor(name, outputSize, inputSize);
        if (format is { IsQuantized: true } wanted)
            return new QuantizedLinear(QuantizedMatrix.Quantize(tensor, wanted, arena));

        tensor.EnsureFinite();
        return tensor.Type switch
        {
            TensorType.BF16 => new FloatLinear<BFloat16Weights>(tensor, outputSize, inputSize),
            TensorType.F32 => new FloatLinear<Float32Weights>(tensor, outputSize, inputSize),
            _ => new FloatLinear<Float16Weights>(tensor, outputSize, inputSize),
        };
    }

    private static UserErrorException WrongFormat(Checkpoint checkpoint, string name, WeightFormat stored, WeightFormat wanted) => CheckpointError.At(
        $"{checkpoint.Folder}, tensor {name}", $"{wanted}", $"{stored}, and quantizing once more would lose twice",
        "Leave the bits out to take the package as it is, or quantize the original checkpoint.");

    /// <summary>Rows of <c>Y = X·Wᵀ</c>: columns <paramref name="firstRow"/> and following of Y.</summary>
    /// <param name="input">X</param>
    /// <param name="y">Y [tokens, outputs]</param>
    /// <param name="firstRow">Of W; a multiple of 16.</param>
    /// <param name="rowCount">A multiple of 16, except at the end of W.</param>
    public abstract unsafe void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount);

    /// <summary>One row of W as floats [inputs]: an embedding look-up.</summary>
    public abstract void CopyRow(int row, Span<float> destination);
}
