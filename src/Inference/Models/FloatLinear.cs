using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Models;

/// <summary>Weights as floats where the checkpoint's file is mapped.</summary>
internal sealed unsafe class FloatLinear<TWeights>(Tensor tensor, int outputSize, int inputSize) : Linear(outputSize, inputSize)
    where TWeights : struct, IWeightFormat
{
    public override WeightFormat Format => WeightFormat.Unquantized;

    public override long ByteCount => tensor.ByteCount;

    public override byte* Weights => tensor.Pointer;

    public override void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount)
    {
        var weights = tensor.Pointer + ((nint)firstRow * InputSize * TWeights.ElementBytes);
        MatMul.Multiply<TWeights>(weights, input.Rows, y + firstRow, input.RowCount, InputSize, rowCount, OutputSize);
    }

    public override void CopyRow(int row, Span<float> destination) => tensor.CopyRowTo(row, destination);
}
