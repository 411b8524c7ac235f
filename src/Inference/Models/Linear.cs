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

    /// <summary>Rows of <c>Y = X·Wᵀ</c>: columns <paramref name="firstRow"/> and following of Y.</summary>
    /// <param name="input">X</param>
    /// <param name="y">Y [tokens, outputs]</param>
    /// <param name="firstRow">Of W; a multiple of 16.</param>
    /// <param name="rowCount">A multiple of 16, except at the end of W.</param>
    public abstract unsafe void ForwardRows(in LinearInput input, float* y, int firstRow, int rowCount);

    /// <summary>One row of W as floats [inputs]: an embedding look-up.</summary>
    /// <exception cref="ArgumentException">There is no such row, or the destination has another size.</exception>
    public abstract void CopyRow(int row, Span<float> destination);

    /// <summary>For those that read by pointer.</summary>
    protected void RequireRow(int row, ReadOnlySpan<float> destination)
    {
        if ((uint)row >= (uint)OutputSize || destination.Length != InputSize)
            throw new ArgumentException($"Row {row} into {destination.Length} floats of a matrix of [{OutputSize}, {InputSize}].", nameof(row));
    }
}
