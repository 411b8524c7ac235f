namespace SplitActors.Inference.Planning.EarlyExit;

/// <summary>
/// What it takes to reach an exit and to ship it. No cost falls when a token more is computed or a bit more shipped. When a layer more is computed it may: keys
/// and values of layers that stay on the device need not travel.
/// </summary>
public interface IExitCosts
{
    /// <summary>L_c: seconds from the start until token w has passed ℓ layers [2511.04002, eq. 11].</summary>
    double ComputeSeconds(int tokenCount, int layer);

    /// <summary>Seconds that the device computes once it has decided to ship a state, before the state can leave.</summary>
    double PrepareSeconds(ExitState state) => 0;

    /// <summary>B_io(w, ℓ, I_kv) at the state's bits [eq. 3].</summary>
    long ByteCount(ExitState state);
}
