namespace SplitActors.Inference.Threading;

/// <summary>A computation in chunks that do not depend on each other.</summary>
internal interface IParallelWork
{
    /// <summary>Must not depend on <paramref name="thread"/> but for scratch memory. What it throws, the caller of the computation gets.</summary>
    /// <param name="chunk">0 ≤ chunk &lt; count</param>
    /// <param name="thread">0 ≤ thread &lt; <see cref="ComputeThreads.ThreadCount"/>: no two calls of one computation at the same time have the same.</param>
    void Execute(int chunk, int thread);
}
