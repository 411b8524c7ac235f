using SplitActors.Inference.Kernels;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Models;

/// <summary>Weights that are not quantized, as those of a checkpoint, but in memory and made up (<see cref="SyntheticRow"/>).</summary>
internal sealed unsafe class SyntheticLinear<TWeights>(int outputSize, int inputSize, NativeSlice weights) : Linear(outputSize, inputSize)
    where TWeights : struct, IWeightFormat
{
    public override WeightFormat Format => WeightFormat.Unquantized;

    public override long ByteCount => (long)OutputSize * InputSize * TWeights.ElementBytes;

    public override byte* Weights => weights.Pointer;

    public override void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount) =>
        MatMul.Multiply<TWeights>(Row(firstRow), input.Rows, y + firstRow, input.RowCount, InputSize, rowCount, OutputSize);

    public override void CopyRow(int row, Span<float> destination)
    {
        RequireRow(row, destination);
        for (var i = 0; i < destination.Length; i++)
            destination[i] = TWeights.LoadScalar(Row(row), i);
        GC.KeepAlive(this);
    }

    private byte* Row(int row) => weights.Pointer + ((nint)row * InputSize * TWeights.ElementBytes);
}

/// <summary>Makes them.</summary>
internal static unsafe class SyntheticLinear
{
    /// <summary>In BF16.</summary>
    public static Linear Create(int outputSize, int inputSize, ulong seed, NativeArena arena)
    {
        var memory = arena.Allocate((long)outputSize * inputSize * sizeof(ushort));
        for (var row = 0; row < outputSize; row++)
            SyntheticRow.Fill(new Span<ushort>(memory.Pointer + ((nint)row * inputSize * sizeof(ushort)), inputSize), seed + (ulong)row);
        return Over(outputSize, inputSize, memory);
    }

    /// <summary>Takes memory that holds weights already, in BF16 or, with 4 bytes each, in F32; several matrices may share it.</summary>
    public static Linear Over(int outputSize, int inputSize, NativeSlice memory, int weightBytes = sizeof(ushort)) => weightBytes == sizeof(float)
        ? new SyntheticLinear<Float32Weights>(outputSize, inputSize, memory)
        : new SyntheticLinear<BFloat16Weights>(outputSize, inputSize, memory);
}
