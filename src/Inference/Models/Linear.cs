using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;

namespace SplitActors.Inference.Models;

/// <summary>A weight matrix W [outputs, inputs] and its product with activations, whatever the stored format.</summary>
internal abstract class Linear
{
    protected Linear(int outputSize, int inputSize)
    {
        OutputSize = outputSize;
        InputSize = inputSize;
    }

    public int InputSize { get; }

    public int OutputSize { get; }

    /// <summary>Reads a matrix of the checkpoint: BF16 and F32 stay where they are mapped, F16 is widened to float32 (exactly).</summary>
    /// <exception cref="UserErrorException">The tensor is missing, has another shape, or holds a weight that is not finite.</exception>
    public static Linear Load(Checkpoint checkpoint, string name, int outputSize, int inputSize)
    {
        var tensor = checkpoint.GetTensor(name, outputSize, inputSize);
        tensor.EnsureFinite();
        return tensor.Type switch
        {
            TensorType.BF16 => new MappedLinear<BFloat16Weights>(tensor, outputSize, inputSize),
            TensorType.F32 => new MappedLinear<Float32Weights>(tensor, outputSize, inputSize),
            _ => new WidenedLinear(tensor, outputSize, inputSize),
        };
    }

    /// <summary><c>Y = X·Wᵀ</c></summary>
    /// <param name="x">[tokens, inputs]</param>
    /// <param name="y">[tokens, outputs]</param>
    public abstract void Forward(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>One row of W as floats [inputs]: an embedding look-up.</summary>
    public abstract void CopyRow(int row, Span<float> destination);

    protected int CountTokens(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        var tokenCount = x.Length / InputSize;
        if (x.Length != tokenCount * InputSize || y.Length != tokenCount * OutputSize)
            throw new ArgumentException($"X has {x.Length} and Y {y.Length} floats for a matrix of [{OutputSize}, {InputSize}].", nameof(x));
        return tokenCount;
    }

    /// <summary>Weights in the mapped checkpoint file.</summary>
    private sealed unsafe class MappedLinear<TWeights>(Tensor tensor, int outputSize, int inputSize) : Linear(outputSize, inputSize)
        where TWeights : struct, IWeightFormat
    {
        public override void Forward(ReadOnlySpan<float> x, Span<float> y)
        {
            var tokenCount = CountTokens(x, y);
            fixed (float* px = x, py = y)
                MatMul.Multiply<TWeights>(tensor.Pointer, px, py, tokenCount, InputSize, OutputSize);
        }

        public override void CopyRow(int row, Span<float> destination) => tensor.CopyRowTo(row, destination);
    }

    /// <summary>Weights widened to float32 in memory.</summary>
    private sealed unsafe class WidenedLinear : Linear
    {
        private readonly float[] _weights;

        public WidenedLinear(Tensor tensor, int outputSize, int inputSize)
            : base(outputSize, inputSize)
        {
            _weights = new float[tensor.ElementCount];
            tensor.CopyTo(_weights);
        }

        public override void Forward(ReadOnlySpan<float> x, Span<float> y)
        {
            var tokenCount = CountTokens(x, y);
            fixed (float* weights = _weights, px = x, py = y)
                MatMul.Multiply<Float32Weights>((byte*)weights, px, py, tokenCount, InputSize, OutputSize);
        }

        public override void CopyRow(int row, Span<float> destination) =>
            _weights.AsSpan(row * InputSize, InputSize).CopyTo(destination);
    }
}
