namespace SplitActors.Inference.Planning.EarlyExit;

/// <summary>What a device ships when it exits: T̂_w at layer ℓ [2511.04002, eq. 12 and Algorithm 2].</summary>
/// <param name="TokenCount">w: tokens generated; the last one has passed <paramref name="Layer"/> layers, the others all.</param>
/// <param name="Layer">ℓ, 1 to L; 0 where the device leaves all layers to the worker.</param>
/// <param name="ShipsKvCache">I_kv: keys and values travel too; else the hidden states of all tokens, and the worker rebuilds them.</param>
/// <param name="Bits">Of what is shipped.</param>
public readonly record struct ExitState(int TokenCount, int Layer, bool ShipsKvCache, int Bits)
{
    /// <summary>w·ℓ: what is maximized; where no layer stays on the device, the tokens count alone.</summary>
    public long Depth => (long)TokenCount * Math.Max(1, Layer);
}
