namespace SplitActors.Inference.Models;

/// <summary>What matrices multiply: the same activations as floats and, for quantized weights, as int8.</summary>
internal readonly unsafe ref struct LinearInput
{
    /// <summary>[tokens, inputs]</summary>
    public required float* Rows { get; init; }

    public required int RowCount { get; init; }

    public required QuantizedRows Quantized { get; init; }

    /// <summary>The calling thread's sums of one tile, [tokens of a panel][16].</summary>
    public required float* Sums { get; init; }
}
