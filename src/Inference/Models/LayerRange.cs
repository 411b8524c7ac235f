namespace SplitActors.Inference.Models;

/// <summary>A contiguous range of decoder layers, 0-based: <c>First ≤ layer &lt; End</c>. An empty range is allowed (ℓ = 0).</summary>
public readonly record struct LayerRange(int First, int End)
{
    public int Count => End - First;

    /// <summary>The layers on the device for split layer ℓ: 1 … ℓ in the paper's counting.</summary>
    public static LayerRange Front(int splitLayer) => new(0, splitLayer);

    /// <summary>The layers on the worker for split layer ℓ: ℓ+1 … L in the paper's counting.</summary>
    public static LayerRange Back(int splitLayer, int layerCount) => new(splitLayer, layerCount);

    public override string ToString() => Count == 0 ? "no layers" : $"layers {First + 1}–{End}";
}
