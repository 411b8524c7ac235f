namespace SplitActors.Inference.Planning.Selection;

/// <summary>What the planner decided, and on what grounds.</summary>
/// <param name="Choice">Null if no candidate keeps all limits.</param>
/// <param name="IsSplit">False also where the device or the worker alone is better: do not split.</param>
/// <param name="Candidates">All, each with its verdict and reason, by ℓ and then in the order of the formats.</param>
/// <param name="SmallestChange">
/// If there is no choice: the limits to raise together so that there is one, the fewest, and of these the least in relation to what is
/// needed; empty if none helps. The first is the binding constraint.
/// </param>
/// <param name="SingleChanges">If there is no choice: what each limit, raised alone, must become, for those where that helps.</param>
/// <param name="Reason">A sentence for the user.</param>
public sealed record Plan(
    Candidate? Choice, bool IsSplit, IReadOnlyList<Candidate> Candidates, IReadOnlyList<Shortfall> SmallestChange, IReadOnlyList<Shortfall> SingleChanges,
    string Reason);
