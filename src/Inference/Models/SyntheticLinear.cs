using System.Runtime.InteropServices;
using SplitActors.Inference.Kernels;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Models;

/// <summary>Weights in BF16, as those of a checkpoint, but in memory and of two magnitudes.</summary>
internal sealed unsafe class SyntheticLinear : Linear
{
    private readonly NativeBuffer _weights;

    private SyntheticLinear(int outputSize, int inputSize, NativeBuffer weights)
        : base(outputSize, inputSize) =>
        _weights = weights;

    public override WeightFormat Format => WeightFormat.Unquantized;

    public override long ByteCount => _weights.ByteCount;

    public static SyntheticLinear Create(int outputSize, int inputSize, ulong seed)
    {
        var buffer = new NativeBuffer((long)outputSize * inputSize * sizeof(ushort));
        var magnitude = (ushort)(BitConverter.SingleToUInt32Bits(1 / MathF.Sqrt(inputSize)) >> 16);
        for (var row = 0; row < outputSize; row++)
        {
            var weights = new Span<ushort>(buffer.Pointer + ((nint)row * inputSize * sizeof(ushort)), inputSize);
            SyntheticBytes.Fill(MemoryMarshal.AsBytes(weights)[..(inputSize * sizeof(ushort) / sizeof(ulong) * sizeof(ulong))], seed + (ulong)row);
            foreach (ref var weight in weights)
                weight = (ushort)((weight & 0x8000) | magnitude); // the sign is random
        }

        return new SyntheticLinear(outputSize, inputSize, buffer);
    }

    public override void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount)
    {
        var weights = _weights.Pointer + ((nint)firstRow * InputSize * sizeof(ushort));
        MatMul.Multiply<BFloat16Weights>(weights, input.Rows, y + firstRow, input.RowCount, InputSize, rowCount, OutputSize);
    }

    public override void CopyRow(int row, Span<float> destination)
    {
        for (var i = 0; i < destination.Length; i++)
            destination[i] = BFloat16Weights.LoadScalar(_weights.Pointer + ((nint)row * InputSize * sizeof(ushort)), i);
    }
}
