namespace SplitActors.Inference.Kernels.Quantized;

/// <summary>
/// Activations of up to <see cref="TokensMax"/> tokens as int8 in blocks of 32 columns, laid out so that one block of all tokens is read in one run.
/// The memory belongs to the caller.
/// </summary>
internal readonly unsafe struct ActivationPanel
{
    /// <summary>Tokens of a panel: its sums of one tile stay in the first cache, its codes in the second.</summary>
    public const int TokensMax = 64;

    public required int TokenCount { get; init; }

    public required int BlockCount { get; init; }

    /// <summary>[blocks][tokens][32] in −m … m (<see cref="ActivationQuantizer.CodeMax"/>)</summary>
    public required sbyte* Codes { get; init; }

    /// <summary>[blocks][tokens]</summary>
    public required float* Scales { get; init; }

    /// <summary>[blocks][tokens]: −zero·Σ codes, for the zero code of the weights.</summary>
    public required int* Corrections { get; init; }
}
