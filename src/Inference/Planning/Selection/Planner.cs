using System.Collections.Immutable;

namespace SplitActors.Inference.Planning.Selection;

/// <summary>
/// Joint choice of (ℓ, Q^w, Q^a) [2511.04002, eq. 8] by enumeration, with what the paper leaves out: the device or the worker alone (ℓ = L,
/// ℓ = 0) are candidates too, and a split must be faster than either to be chosen.
/// <list type="number">
/// <item>Candidates that break a limit are out: memory (eq. 8c), accuracy (eq. 8b), a token's deadline (eq. 11, with the worker's queue and
/// compute time in it).</item>
/// <item>Splits that would take more than <see cref="SplitTimeShareMax"/> of the fastest unsplit candidate's time per token are out.</item>
/// <item>Of the remaining splits the largest Ψ(Q^a) wins; ties go to less time per token, then a lower rise of perplexity, less memory and
/// a smaller ℓ.</item>
/// <item>With no split left, the fastest unsplit candidate wins, ties by Ψ and then likewise.</item>
/// </list>
/// Times are compared in whole nanoseconds, so that rounding decides nothing; the same problem gives the same plan.
/// </summary>
public static class Planner
{
    /// <summary>A split must promise so much: predictions are no more exact than that, and a split that turns out slower than no split is the worst that a plan can do.</summary>
    public const double SplitTimeShareMax = 0.95;

    /// <exception cref="UserErrorException">The problem cannot be asked, or a profile lacks a format.</exception>
    public static Plan Decide(PlanningProblem problem, IAccuracyModel accuracy)
    {
        problem.Validate();
        var candidates = CandidateEvaluation.Choices(problem).Distinct().Select(choice => CandidateEvaluation.Evaluate(problem, accuracy, choice)).ToArray();
        var feasible = candidates.Where(candidate => candidate.IsFeasible).ToArray();
        if (feasible.Length == 0)
            return Infeasible(candidates);

        var unsplit = feasible.Where(candidate => !IsSplit(problem, candidate)).ToArray();
        var unsplitNs = unsplit.Select(candidate => candidate.TokenNs).DefaultIfEmpty(double.PositiveInfinity).Min();
        var splits = feasible.Where(candidate => IsSplit(problem, candidate) && candidate.TokenNs <= SplitTimeShareMax * unsplitNs).ToArray();
        var choice = splits.Length > 0
            ? splits.OrderByDescending(candidate => candidate.ActivationBits).ThenBy(candidate => candidate.TokenNs).ThenBy(TieBreak).First()
            : unsplit.OrderBy(candidate => candidate.TokenNs).ThenByDescending(candidate => candidate.ActivationBits).ThenBy(TieBreak).First();
        var reasons = new PlanReasons(problem.Config.LayerCount, choice, unsplit);
        return new Plan(
            reasons.Chosen, IsSplit(problem, choice), [.. candidates.Select(reasons.Judge)], SmallestChange: [], SingleChanges: [], reasons.Chosen.Reason);
    }

    private static bool IsSplit(PlanningProblem problem, Candidate candidate) =>
        candidate.Choice.SplitLayer > 0 && candidate.Choice.SplitLayer < problem.Config.LayerCount;

    /// <summary>Sorts are stable, so what is equal in this too comes in the order of enumeration: the smaller ℓ first.</summary>
    private static (double Rise, long ByteCount) TieBreak(Candidate candidate) => (candidate.PerplexityRise ?? double.PositiveInfinity, candidate.Memory.ByteCount);

    private static Plan Infeasible(Candidate[] candidates)
    {
        var mendable = candidates.Where(candidate => candidate.Shortfalls.All(shortfall => double.IsFinite(shortfall.Needed))).ToArray();
        var nearest = mendable
            .OrderBy(candidate => candidate.Shortfalls.Length)
            .ThenBy(candidate => candidate.Shortfalls.Sum(shortfall => shortfall.Share))
            .ThenBy(candidate => candidate.Shortfalls.Sum(shortfall => shortfall.Needed)) // of a limit of 0 all is missing
            .FirstOrDefault();
        var smallest = nearest is null ? [] : nearest.Shortfalls.OrderByDescending(shortfall => shortfall.Share).ToImmutableArray();
        var singles = mendable
            .Where(candidate => candidate.Shortfalls.Length == 1)
            .Select(candidate => candidate.Shortfalls[0])
            .OrderBy(shortfall => shortfall.Share)
            .ThenBy(shortfall => shortfall.Needed) // as above: what differs by rounding alone has one order
            .DistinctBy(shortfall => shortfall.Constraint)
            .ToImmutableArray();
        return new Plan(Choice: null, IsSplit: false, candidates, smallest, singles, PlanReasons.Infeasible(nearest, smallest));
    }
}
