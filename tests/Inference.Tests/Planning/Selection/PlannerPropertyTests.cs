using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Planning.Selection;

using Property = SplitActors.Inference.Tests.Compression.Property;

namespace SplitActors.Inference.Tests.Planning.Selection;

/// <summary>Equation 8 against exhaustive search.</summary>
public sealed class PlannerPropertyTests
{
    private const int CaseCount = 3000;

    private static readonly Gen<int> Seeds = Gen.Choose(0, int.MaxValue - 1);

    [Fact]
    public void Decide_SmallProblem_IsThatOfExhaustiveSearch() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var small = new SmallProblem(seed);
        var found = Planner.Decide(small.Problem, small);
        var expected = ExhaustiveSearch.Best(small.Problem, small);
        Assert.Equal(expected?.Choice, found.Choice?.Choice);
        Assert.Equal(expected?.IsSplit ?? false, found.IsSplit);
        if (expected is null)
            return;
        Assert.Equal(expected.Psi, found.Choice!.ActivationBits);
        Assert.Equal(expected.TokenSeconds, found.Choice.Token.Seconds, 2e-9);
    });

    [Fact]
    public void Decide_SmallProblem_ListsEveryCandidateWithItsVerdict() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var small = new SmallProblem(seed);
        var found = Planner.Decide(small.Problem, small);
        Assert.Equal(ExhaustiveSearch.Rows(small.Problem, small).Select(row => row.Choice), found.Candidates.Select(candidate => candidate.Choice));
        Assert.All(found.Candidates, candidate => Assert.NotEmpty(candidate.Reason));
        Assert.All(found.Candidates, candidate => Assert.Equal(candidate.IsFeasible, candidate.Verdict != Verdict.Infeasible));
        Assert.Equal(found.Choice is null ? 0 : 1, found.Candidates.Count(candidate => candidate.Verdict == Verdict.Chosen));
        if (found.Choice is { } choice)
            Assert.Contains(choice, found.Candidates);
    });

    /// <summary>What it says about one limit is the least over all candidates that keep the others.</summary>
    [Fact]
    public void Decide_Infeasible_NamesTheLeastOfEachLimit() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var small = new SmallProblem(seed);
        var found = Planner.Decide(small.Problem, small);
        if (found.Choice is not null)
            return;
        double[] limits = [small.Problem.MemoryBytesMax, small.Problem.PerplexityRiseMax, small.Problem.DeadlineSeconds];
        var rows = ExhaustiveSearch.Rows(small.Problem, small);
        for (var constraint = 0; constraint < limits.Length; constraint++)
        {
            var others = Enumerable.Range(0, limits.Length).Where(other => other != constraint).ToArray();
            var needed = rows.Where(row => others.All(other => row.Needed[other] <= limits[other])).Select(row => row.Needed[constraint]).Where(double.IsFinite).ToArray();
            var named = found.SingleChanges.Where(change => change.Constraint == (Constraint)constraint).ToArray();
            if (needed.Length == 0)
                Assert.Empty(named);
            else
                Assert.Equal(needed.Min(), Assert.Single(named).Needed, 1e-12 * Math.Max(1, needed.Min()));
        }
    });

    /// <summary>Taken at its word it works; with the last of it left out it does not; and no smaller number of limits is enough.</summary>
    [Fact]
    public void Decide_Infeasible_SmallestChangeMakesItFeasible() => Property.Holds(CaseCount, Seeds, seed =>
    {
        var small = new SmallProblem(seed);
        var found = Planner.Decide(small.Problem, small);
        if (found.Choice is not null)
            return;
        Assert.NotEmpty(found.SmallestChange);
        Assert.NotNull(Planner.Decide(Raised(small.Problem, found.SmallestChange), small).Choice);
        Assert.Null(Planner.Decide(Raised(small.Problem, found.SmallestChange.SkipLast(1)), small).Choice);
        Assert.Equal(found.SmallestChange.Count == 1, found.SingleChanges.Count > 0);
        if (found.SmallestChange.Count == 1)
            Assert.Equal(found.SmallestChange[0], found.SingleChanges[0]);
    });

    [Fact]
    public void Decide_SameProblem_GivesTheSamePlan() => Property.Holds(200, Seeds, seed =>
    {
        var small = new SmallProblem(seed);
        var (first, second) = (Planner.Decide(small.Problem, small), Planner.Decide(small.Problem, small));
        Assert.Equal(first.Choice?.Choice, second.Choice?.Choice);
        Assert.Equal(first.Reason, second.Reason);
        Assert.Equal(first.Candidates.Select(candidate => candidate.Reason), second.Candidates.Select(candidate => candidate.Reason), StringComparer.Ordinal);
    });

    private static PlanningProblem Raised(PlanningProblem problem, IEnumerable<Shortfall> changes) => changes.Aggregate(problem, (raised, change) => change.Constraint switch
    {
        Constraint.Memory => raised with { MemoryBytesMax = (long)change.Needed },
        Constraint.Accuracy => raised with { PerplexityRiseMax = change.Needed },
        _ => raised with { DeadlineSeconds = change.Needed },
    });
}
