using System.Collections.Immutable;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Inference.Planning.EarlyExit;

/// <summary>Maximize w·ℓ with L_c + L_ε(B_io) ≤ D [2511.04002, eq. 12].</summary>
public sealed class EarlyExitProblem
{
    private readonly IExitCosts _costs;
    private readonly ILinkModel _link;
    private readonly ImmutableArray<(bool ShipsKvCache, int Bits)> _concessions; // least first

    /// <param name="costs">Monotone in tokens and bits.</param>
    /// <param name="link">At its best rate R*.</param>
    /// <param name="deadlineSeconds">D, from the start.</param>
    /// <param name="tokenCountMax">W̄</param>
    /// <param name="layerCount">L</param>
    /// <param name="bits">Bit-widths that a state may be shipped in, in any order.</param>
    /// <param name="exitLayers">Each ℓ that an exit may have; null: 1 to L.</param>
    /// <exception cref="ArgumentException">A size is below 1, there are no bit-widths or layers, or an exit has more than L.</exception>
    public EarlyExitProblem(
        IExitCosts costs, ILinkModel link, double deadlineSeconds, int tokenCountMax, int layerCount, IReadOnlyCollection<int> bits,
        IReadOnlyCollection<int>? exitLayers = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokenCountMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layerCount);
        ArgumentOutOfRangeException.ThrowIfZero(bits.Count, nameof(bits));
        (_costs, _link, DeadlineSeconds, TokenCountMax, LayerCount) = (costs, link, deadlineSeconds, tokenCountMax, layerCount);
        ExitLayers = [.. (exitLayers ?? [.. Enumerable.Range(1, layerCount)]).Distinct().Order()];
        ArgumentOutOfRangeException.ThrowIfZero(ExitLayers.Length, nameof(exitLayers));
        ArgumentOutOfRangeException.ThrowIfNegative(ExitLayers[0], nameof(exitLayers));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ExitLayers[^1], layerCount, nameof(exitLayers));
        var descending = bits.Distinct().OrderDescending().ToArray();
        _concessions = [.. descending.Select(width => (true, width)), .. descending.Select(width => (false, width))];
    }

    public double DeadlineSeconds { get; }

    public int TokenCountMax { get; }

    public int LayerCount { get; }

    /// <summary>Each ℓ that an exit may have, ascending.</summary>
    internal ImmutableArray<int> ExitLayers { get; }

    internal double ComputeSeconds(int tokenCount, int layer) => _costs.ComputeSeconds(tokenCount, layer);

    /// <summary>
    /// The state of an exit with the least concession that keeps the deadline: first fewer bits, then no keys and values; null if none
    /// does.
    /// </summary>
    /// <param name="tokenCount">w</param>
    /// <param name="layer">ℓ</param>
    /// <param name="arrivalSeconds">When the device has computed it, but for what shipping it takes.</param>
    internal ExitState? LeastConcession(int tokenCount, int layer, double arrivalSeconds)
    {
        foreach (var (shipsKvCache, width) in _concessions)
        {
            var state = new ExitState(tokenCount, layer, shipsKvCache, width);
            if (arrivalSeconds + ShipSeconds(state) <= DeadlineSeconds)
                return state;
        }

        return null;
    }

    /// <summary>The state of so many tokens that arrives first; of equals that with less concession, then the deeper one.</summary>
    internal ExitState Soonest(int tokenCount) => ExitLayers.Reverse()
        .SelectMany(layer => _concessions.Select(concession => new ExitState(tokenCount, layer, concession.ShipsKvCache, concession.Bits)))
        .OrderBy(ShipSeconds).ThenBy(state => _concessions.IndexOf((state.ShipsKvCache, state.Bits))).First();

    /// <summary>The deeper one; of equals that with less concession, then that with more tokens.</summary>
    internal ExitState? Better(ExitState? first, ExitState? second)
    {
        if (first is not { } a || second is not { } b)
            return first ?? second;
        return Rank(b).CompareTo(Rank(a)) > 0 ? b : a;

        (long Depth, int Level, int TokenCount) Rank(ExitState state) =>
            (state.Depth, -_concessions.IndexOf((state.ShipsKvCache, state.Bits)), state.TokenCount);
    }

    private double ShipSeconds(ExitState state) => _costs.PrepareSeconds(state) + _link.WorstCaseSeconds(_costs.ByteCount(state));
}
