using SplitActors.Inference.Kernels;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Evaluation;

/// <summary>The values of another matrix as F32, multiplied by float activations.</summary>
internal sealed unsafe class DequantizedLinear : Linear
{
    private readonly NativeSlice _weights; // [outputs, inputs]

    private DequantizedLinear(int outputSize, int inputSize, NativeSlice weights)
        : base(outputSize, inputSize) =>
        _weights = weights;

    public override WeightFormat Format => WeightFormat.Unquantized;

    public override long ByteCount => (long)OutputSize * InputSize * sizeof(float);

    public override byte* Weights => _weights.Pointer;

    public static DequantizedLinear Of(Linear source, NativeArena arena)
    {
        var (outputSize, inputSize) = (source.OutputSize, source.InputSize);
        var copy = new DequantizedLinear(outputSize, inputSize, arena.Allocate((long)outputSize * inputSize * sizeof(float)));
        for (var row = 0; row < outputSize; row++)
            source.CopyRow(row, new Span<float>(copy.Row(row), inputSize));
        return copy;
    }

    public override void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount) =>
        MatMul.Multiply<Float32Weights>((byte*)Row(firstRow), input.Rows, y + firstRow, input.RowCount, InputSize, rowCount, OutputSize);

    public override void CopyRow(int row, Span<float> destination)
    {
        RequireRow(row, destination);
        new ReadOnlySpan<float>(Row(row), InputSize).CopyTo(destination);
        GC.KeepAlive(this);
    }

    private float* Row(int row) => (float*)_weights.Pointer + ((nint)row * InputSize);
}
