namespace SplitActors.Inference.Planning.EarlyExit;

/// <summary>What to do after a layer.</summary>
public enum ExitAction
{
    /// <summary>Compute the next layer: a deeper exit keeps the deadline too.</summary>
    GoOn,

    /// <summary>Ship the state now.</summary>
    Exit,

    /// <summary>Nothing that can be shipped now arrives in time.</summary>
    DeadlineLost,
}

/// <param name="Action">What to do.</param>
/// <param name="Target">The state to ship: now, or as planned when it goes on; null if the deadline is lost.</param>
public readonly record struct ExitDecision(ExitAction Action, ExitState? Target);

/// <summary>
/// When a device that generates alone must hand over to keep a deadline [2511.04002, eq. 11 and 12, Algorithm 2]. Concessions come in the
/// paper's order: ship in fewer bits, then without keys and values, then fewer tokens.
/// </summary>
/// <remarks>
/// In print Algorithm 2 exits at the first layer whose state must be compressed, which need not be the deepest; and the time of a token
/// that is given up again counts as never spent. Here the exit is the maximizer of eq. 12, and in <see cref="Decide"/> what is spent stays
/// spent. At equal w·ℓ less concession is better, then more tokens. A state without keys and values may again have the most bits.
/// </remarks>
public static class EarlyExitController
{
    /// <summary>The deepest exit. What keeps the deadline at ℓ layers with some tokens does so with fewer, so for each ℓ the last w is found by halves.</summary>
    /// <returns>Null if not even one token keeps the deadline at any ℓ (w = 0).</returns>
    public static ExitState? Deepest(EarlyExitProblem problem) => Deepest(problem, 1..problem.TokenCountMax, 0..problem.LayerCount, problem.ComputeSeconds);

    /// <summary>
    /// Asked after each layer, or only where the device can stop, with what is known then: another link or deadline than before is fine. An exit ahead is
    /// reached by going on; one behind, with fewer tokens or layers than computed, can be shipped from now on. As long as nothing changes, the device stops at
    /// <see cref="Deepest(EarlyExitProblem)"/>.
    /// </summary>
    /// <param name="problem">As of now; the deadline still counts from the start.</param>
    /// <param name="tokenCount">w: the token at work.</param>
    /// <param name="layer">ℓ: the layers it has passed, 1 to L.</param>
    /// <param name="elapsedSeconds">Since the start, really.</param>
    public static ExitDecision Decide(EarlyExitProblem problem, int tokenCount, int layer, double elapsedSeconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokenCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokenCount, problem.TokenCountMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layer, problem.LayerCount);
        var computed = problem.ComputeSeconds(tokenCount, layer);

        var now = Deepest(problem, tokenCount..tokenCount, 0..layer, Shipped);
        now = problem.Better(now, Deepest(problem, 1..(tokenCount - 1), 0..problem.LayerCount, Shipped));
        var later = Deepest(problem, tokenCount..tokenCount, (layer + 1)..problem.LayerCount, Reached);
        later = problem.Better(later, Deepest(problem, (tokenCount + 1)..problem.TokenCountMax, 0..problem.LayerCount, Reached));

        var best = problem.Better(now, later);
        var action = best is null ? ExitAction.DeadlineLost : best == now ? ExitAction.Exit : ExitAction.GoOn;
        return new ExitDecision(action, best);

        double Shipped(int token, int passed) => elapsedSeconds;
        double Reached(int token, int passed) => elapsedSeconds + Math.Max(0, problem.ComputeSeconds(token, passed) - computed);
    }

    /// <summary>What to ship of so many tokens where nothing arrives in time: what arrives first.</summary>
    public static ExitState Soonest(EarlyExitProblem problem, int tokenCount) => problem.Soonest(tokenCount);

    /// <param name="problem">Gives each ℓ that an exit may have.</param>
    /// <param name="tokens">First and last w, both possible.</param>
    /// <param name="layers">First and last ℓ, both possible.</param>
    /// <param name="arrivalSeconds">When the device has computed it.</param>
    private static ExitState? Deepest(EarlyExitProblem problem, Range tokens, Range layers, Func<int, int, double> arrivalSeconds)
    {
        ExitState? best = null;
        foreach (var layer in problem.ExitLayers)
        {
            if (layer < layers.Start.Value || layer > layers.End.Value)
                continue;
            var (last, above) = (tokens.Start.Value - 1, tokens.End.Value + 1); // of which the one keeps the deadline and the other does not
            while (above - last > 1)
            {
                var token = last + ((above - last) / 2);
                if (problem.LeastConcession(token, layer, arrivalSeconds(token, layer)) is null)
                    above = token;
                else
                    last = token;
            }

            if (last >= tokens.Start.Value)
                best = problem.Better(best, problem.LeastConcession(last, layer, arrivalSeconds(last, layer)));
        }

        return best;
    }
}
