namespace SplitActors.Inference.Planning.EarlyExit;

/// <summary>
/// What it takes to reach an exit and to ship it. Neither cost falls when a token or layer more is computed, or a bit more shipped.
/// </summary>
public interface IExitCosts
{
    /// <summary>L_c: seconds from the start until token w has passed ℓ layers [2511.04002, eq. 11].</summary>
    double ComputeSeconds(int tokenCount, int layer);

    /// <summary>B_io(w, ℓ, I_kv) at the state's bits [eq. 3].</summary>
    long ByteCount(ExitState state);
}
