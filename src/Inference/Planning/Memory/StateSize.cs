using SplitActors.Inference.Checkpoints;

namespace SplitActors.Inference.Planning.Memory;

/// <summary>
/// The paper's own sizes of the state at an exit point (w, ℓ) [2511.04002, eq. 2 and 3], in bits: no pages, scales or headers. Two
/// corrections: keys and values have their true width, which is HD only where every query head has its own (grouped-query attention has
/// fewer); and layer ℓ_w counts to the front, as in eq. 1 (eq. 2 prints k &lt; ℓ_w).
/// </summary>
/// <param name="Config">Sizes of the model.</param>
/// <param name="SplitLayer">ℓ_w: where the bits change.</param>
/// <param name="FrontBits">Q^a₁ of layers 1 to ℓ_w.</param>
/// <param name="BackBits">Q^a₂ of the others.</param>
public readonly record struct StateSize(ModelConfig Config, int SplitLayer, int FrontBits, int BackBits)
{
    private const int BitsPerByte = 8;

    /// <summary>
    /// Eq. 2: keys and values of w tokens in layers 1 to ℓ and of w − 1 tokens in the others, and the last token's hidden state.
    /// </summary>
    /// <param name="tokenCount">w, at least 1; the last token has passed <paramref name="layer"/> layers.</param>
    /// <param name="layer">ℓ, 1 to L.</param>
    public long StateBits(int tokenCount, int layer)
    {
        Require(tokenCount, layer);
        var (frontBits, backBits) = (BitsOf(layer), BitsOf(Config.LayerCount) - BitsOf(layer)); // Σ Q_{a,k} of k ≤ ℓ, and of k > ℓ
        return (2L * Config.KvWidth * ((tokenCount * frontBits) + ((tokenCount - 1) * backBits))) + ((long)Config.HiddenSize * BitsAt(layer));
    }

    /// <summary>Eq. 3 without keys and values: the hidden states of all w tokens at layer ℓ.</summary>
    public long HiddenBits(int tokenCount, int layer)
    {
        Require(tokenCount, layer);
        return (long)tokenCount * Config.HiddenSize * BitsAt(layer);
    }

    /// <summary>Eq. 3: B_io, in whole bytes.</summary>
    public long ByteCount(int tokenCount, int layer, bool shipsKvCache) =>
        ((shipsKvCache ? StateBits(tokenCount, layer) : HiddenBits(tokenCount, layer)) + BitsPerByte - 1) / BitsPerByte;

    private int BitsAt(int layer) => layer <= SplitLayer ? FrontBits : BackBits;

    /// <summary>Σ Q_{a,k} of layers 1 to <paramref name="layer"/>.</summary>
    private long BitsOf(int layer) => ((long)Math.Min(layer, SplitLayer) * FrontBits) + ((long)Math.Max(0, layer - SplitLayer) * BackBits);

    private void Require(int tokenCount, int layer)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokenCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layer, Config.LayerCount);
    }
}
