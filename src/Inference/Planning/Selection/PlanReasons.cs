namespace SplitActors.Inference.Planning.Selection;

/// <summary>Says of each candidate why it is the choice or not.</summary>
internal sealed class PlanReasons
{
    private readonly int _layerCount;
    private readonly Candidate _choice;
    private readonly double _unsplitNs;

    /// <param name="layerCount">L</param>
    /// <param name="choice">The one that won.</param>
    /// <param name="unsplit">Feasible candidates of the device or the worker alone.</param>
    public PlanReasons(int layerCount, Candidate choice, Candidate[] unsplit)
    {
        (_layerCount, _choice) = (layerCount, choice);
        var fastest = unsplit.MinBy(candidate => candidate.TokenNs);
        _unsplitNs = fastest?.TokenNs ?? double.PositiveInfinity;
        var limits = fastest is null
            ? "neither the device nor the worker alone keeps the limits"
            : $"{Alone(fastest)} alone would take {Milliseconds(fastest)}";
        Chosen = choice with
        {
            Verdict = Verdict.Chosen,
            Reason = IsSplit(choice)
                ? $"Split after layer {choice.Choice.SplitLayer} of {layerCount}: {Milliseconds(choice)} per token at Ψ = {choice.ActivationBits} bits; {limits}."
                : $"Do not split: {Alone(choice)} alone takes {Milliseconds(choice)} per token, and no split that keeps the limits is {1 - Planner.SplitTimeShareMax:0 %} faster.",
        };
    }

    public Candidate Chosen { get; }

    public static string Infeasible(Candidate? nearest, IReadOnlyList<Shortfall> smallestChange) => nearest is null
        ? "No candidate keeps the limits, and raising them to any number does not help."
        : $"No candidate keeps the limits; nearest is {nearest.Choice.SplitLayer} layers on the device, which lacks "
            + $"{string.Join("; ", smallestChange)}.";

    public Candidate Judge(Candidate candidate)
    {
        if (candidate.Choice == _choice.Choice)
            return Chosen;
        if (!candidate.IsFeasible)
            return candidate;
        if (IsSplit(candidate) && candidate.TokenNs > Planner.SplitTimeShareMax * _unsplitNs)
            return candidate with { Verdict = Verdict.NoGain, Reason = $"not {1 - Planner.SplitTimeShareMax:0 %} faster than unsplit: {Milliseconds(candidate)} per token against {_unsplitNs / 1e6:0.00} ms" };
        return candidate with { Verdict = Verdict.NotBest, Reason = Behind(candidate) };
    }

    private string Behind(Candidate candidate)
    {
        if (IsSplit(_choice) && !IsSplit(candidate))
            return $"slower than the split: {Milliseconds(candidate)} per token";
        if (IsSplit(_choice) && candidate.ActivationBits < _choice.ActivationBits)
            return $"fewer activation bits: Ψ = {candidate.ActivationBits}";
        return candidate.TokenNs > _choice.TokenNs ? $"slower: {Milliseconds(candidate)} per token" : "equal, but less accurate, larger, or later in the list";
    }

    private bool IsSplit(Candidate candidate) => candidate.Choice.SplitLayer > 0 && candidate.Choice.SplitLayer < _layerCount;

    private static string Alone(Candidate candidate) => candidate.Choice.SplitLayer == 0 ? "the worker" : "the device";

    private static string Milliseconds(Candidate candidate) => $"{candidate.Token.Seconds * 1e3:0.00} ms";
}
