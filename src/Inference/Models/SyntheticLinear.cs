using SplitActors.Inference.Kernels;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Models;

/// <summary>Weights in BF16, as those of a checkpoint, but in memory and made up (<see cref="SyntheticRow"/>).</summary>
internal sealed unsafe class SyntheticLinear : Linear
{
    private readonly NativeSlice _weights;

    private SyntheticLinear(int outputSize, int inputSize, NativeSlice weights)
        : base(outputSize, inputSize) =>
        _weights = weights;

    public override WeightFormat Format => WeightFormat.Unquantized;

    public override long ByteCount => (long)OutputSize * InputSize * sizeof(ushort);

    public override byte* Weights => _weights.Pointer;

    public static SyntheticLinear Create(int outputSize, int inputSize, ulong seed, NativeArena arena)
    {
        var memory = arena.Allocate((long)outputSize * inputSize * sizeof(ushort));
        for (var row = 0; row < outputSize; row++)
            SyntheticRow.Fill(new Span<ushort>(memory.Pointer + ((nint)row * inputSize * sizeof(ushort)), inputSize), seed + (ulong)row);
        return new SyntheticLinear(outputSize, inputSize, memory);
    }

    /// <summary>Takes memory that holds weights already; several matrices may share it.</summary>
    public static SyntheticLinear Over(int outputSize, int inputSize, NativeSlice memory) => new(outputSize, inputSize, memory);

    public override void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount)
    {
        var weights = _weights.Pointer + ((nint)firstRow * InputSize * sizeof(ushort));
        MatMul.Multiply<BFloat16Weights>(weights, input.Rows, y + firstRow, input.RowCount, InputSize, rowCount, OutputSize);
    }

    public override void CopyRow(int row, Span<float> destination)
    {
        RequireRow(row, destination);
        for (var i = 0; i < destination.Length; i++)
            destination[i] = BFloat16Weights.LoadScalar(_weights.Pointer + ((nint)row * InputSize * sizeof(ushort)), i);
        GC.KeepAlive(this);
    }
}
