using SplitActors.Inference.Planning.Memory;

namespace SplitActors.Inference.Planning.Selection;

/// <summary>What a choice of bits costs in accuracy: A_base − A(ℓ, Q^w, Q^a) of [2511.04002, eq. 8b], as perplexity.</summary>
public interface IAccuracyModel
{
    /// <returns>The relative rise of perplexity over the unquantized model: 0.01 for 1 %; may be below 0. Null where nothing is known.</returns>
    double? PerplexityRise(SplitChoice choice);
}
