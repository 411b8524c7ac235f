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
    /// <summary>
    /// The deepest exit. Costs are monotone, so what keeps the deadline lies under a staircase: as w grows the last possible ℓ only falls,
    /// and W̄ + L steps find all of its corners.
    /// </summary>
    /// <returns>Null if not even one layer of one token keeps the deadline (w = 0).</returns>
    public static ExitState? Deepest(EarlyExitProblem problem) =>
        Deepest(problem, 1, problem.TokenCountMax, problem.LayerCount, problem.ComputeSeconds);

    /// <summary>
    /// Asked after each layer with what is known then: another link or deadline than before is fine. An exit ahead is reached by going on;
    /// one behind, with fewer tokens or layers than computed, can be shipped from now on. As long as nothing changes, the device stops at
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

        var now = problem.LeastConcession(tokenCount, layer, elapsedSeconds);
        now = problem.Better(now, Deepest(problem, tokenCount, tokenCount, layer - 1, Shipped));
        now = problem.Better(now, Deepest(problem, 1, tokenCount - 1, problem.LayerCount, Shipped));
        var later = Deepest(problem, tokenCount, tokenCount, problem.LayerCount, Reached);
        later = later is { } found && found.Layer > layer ? later : null;
        later = problem.Better(later, Deepest(problem, tokenCount + 1, problem.TokenCountMax, problem.LayerCount, Reached));

        var best = problem.Better(now, later);
        var action = best is null ? ExitAction.DeadlineLost : best == now ? ExitAction.Exit : ExitAction.GoOn;
        return new ExitDecision(action, best);

        double Shipped(int token, int passed) => elapsedSeconds;
        double Reached(int token, int passed) => elapsedSeconds + Math.Max(0, problem.ComputeSeconds(token, passed) - computed);
    }

    private static ExitState? Deepest(EarlyExitProblem problem, int tokenFirst, int tokenLast, int layerLast, Func<int, int, double> arrivalSeconds)
    {
        ExitState? best = null;
        for (var (token, layer) = (tokenFirst, layerLast); token <= tokenLast && layer > 0;)
        {
            var corner = problem.LeastConcession(token, layer, arrivalSeconds(token, layer));
            best = problem.Better(best, corner);
            if (corner is null)
                layer--;
            else
                token++;
        }

        return best;
    }
}
