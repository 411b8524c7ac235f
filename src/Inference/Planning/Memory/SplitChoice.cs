using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;

namespace SplitActors.Inference.Planning.Memory;

/// <summary>A choice of (ℓ, Q^w, Q^a) [2511.04002, eq. 8].</summary>
/// <param name="SplitLayer">ℓ: layers on the device; 0 for none, L for all.</param>
/// <param name="FrontWeights">Q^w₁, of layers 1 to ℓ.</param>
/// <param name="BackWeights">Q^w₂, of the layers after ℓ, wherever they run.</param>
/// <param name="FrontKv">Q^a₁</param>
/// <param name="BackKv">Q^a₂</param>
public sealed record SplitChoice(int SplitLayer, WeightFormat FrontWeights, WeightFormat BackWeights, KvFormat FrontKv, KvFormat BackKv)
{
    /// <summary>
    /// Ψ(Q^a) = Σ_k Q_{a,k}: activation bits of all layers [eq. 8]. In print layer ℓ counts to the back (eq. 2: k &lt; ℓ_w) although eq. 1
    /// gives its weights to the front; here it is the front's in both, as its keys and values lie where it runs.
    /// </summary>
    public long ActivationBits(int layerCount) => ((long)SplitLayer * (int)FrontKv) + ((long)(layerCount - SplitLayer) * (int)BackKv);
}
