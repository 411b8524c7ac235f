using System.Collections.Immutable;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Inference.Planning.EarlyExit;

/// <summary>Maximize w·ℓ with L_c + L_ε(B_io) ≤ D [2511.04002, eq. 12].</summary>
public sealed class EarlyExitProblem
{
    private readonly IExitCosts _costs;
    private readonly ILinkModel _link;
    private readonly ImmutableArray<(bool ShipsKvCache, int Bits)> _concessions; // least first

    /// <param name="costs">Monotone.</param>
    /// <param name="link">At its best rate R*.</param>
    /// <param name="deadlineSeconds">D, from the start.</param>
    /// <param name="tokenCountMax">W̄</param>
    /// <param name="layerCount">L</param>
    /// <param name="bits">Bit-widths that a state may be shipped in, in any order.</param>
    /// <exception cref="ArgumentException">A size is below 1, or there are no bit-widths.</exception>
    public EarlyExitProblem(IExitCosts costs, ILinkModel link, double deadlineSeconds, int tokenCountMax, int layerCount, IReadOnlyCollection<int> bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokenCountMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layerCount);
        ArgumentOutOfRangeException.ThrowIfZero(bits.Count, nameof(bits));
        (_costs, _link, DeadlineSeconds, TokenCountMax, LayerCount) = (costs, link, deadlineSeconds, tokenCountMax, layerCount);
        var descending = bits.Distinct().OrderDescending().ToArray();
        _concessions = [.. descending.Select(width => (true, width)), .. descending.Select(width => (false, width))];
    }

    public double DeadlineSeconds { get; }

    public int TokenCountMax { get; }

    public int LayerCount { get; }

    internal double ComputeSeconds(int tokenCount, int layer) => _costs.ComputeSeconds(tokenCount, layer);

    /// <summary>
    /// The state of an exit with the least concession that keeps the deadline: first fewer bits, then no keys and values; null if none
    /// does.
    /// </summary>
    /// <param name="tokenCount">w</param>
    /// <param name="layer">ℓ</param>
    /// <param name="arrivalSeconds">When it can be shipped.</param>
    internal ExitState? LeastConcession(int tokenCount, int layer, double arrivalSeconds)
    {
        foreach (var (shipsKvCache, width) in _concessions)
        {
            var state = new ExitState(tokenCount, layer, shipsKvCache, width);
            if (arrivalSeconds + _link.WorstCaseSeconds(_costs.ByteCount(state)) <= DeadlineSeconds)
                return state;
        }

        return null;
    }

    /// <summary>The deeper one; of equals that with less concession, then that with more tokens.</summary>
    internal ExitState? Better(ExitState? first, ExitState? second)
    {
        if (first is not { } a || second is not { } b)
            return first ?? second;
        return Rank(b).CompareTo(Rank(a)) > 0 ? b : a;

        (long Depth, int Level, int TokenCount) Rank(ExitState state) =>
            (state.Depth, -_concessions.IndexOf((state.ShipsKvCache, state.Bits)), state.TokenCount);
    }
}
