namespace SplitActors.EndToEnd.Planning;

/// <summary>A choice of the planner, and what it was worth.</summary>
/// <param name="Model">Planned for.</param>
/// <param name="Link">Between device and worker.</param>
/// <param name="MemoryBytesMax">Null for no limit.</param>
/// <param name="Choice">The planner's.</param>
/// <param name="Fitting">Candidates that keep the limit.</param>
internal sealed record PlanDecision(PlannedModel Model, string Link, long? MemoryBytesMax, PlannedChoice Choice, IReadOnlySet<PlannedChoice> Fitting)
{
    /// <summary>Time per token of the choice.</summary>
    public double ChosenMs { get; init; }

    /// <summary>Of the fastest that was measured.</summary>
    public double BestMs { get; init; }

    /// <summary>Of the faster of device and worker alone.</summary>
    public double UnsplitMs { get; init; }
}

/// <summary>A choice over a link: in each round what was expected, and what was measured.</summary>
/// <param name="Model">That ran.</param>
/// <param name="Link">Over which it ran; the device alone makes no use of it, and is measured beside the others all the same, as the machine's speed drifts.</param>
/// <param name="Choice">That ran.</param>
/// <param name="Rounds">At least one.</param>
internal sealed record ComparedToken(PlannedModel Model, string Link, PlannedChoice Choice, IReadOnlyList<(double ExpectedMs, MeasuredToken Measured)> Rounds)
{
    public double ExpectedMs => Figures.Median(Rounds.Select(round => round.ExpectedMs));

    /// <summary>Expected over measured, less 1, of the same round each.</summary>
    public double Error => Figures.Median(Rounds.Select(round => (round.ExpectedMs / round.Measured.Total) - 1));

    public double MeasuredMs(Func<MeasuredToken, double> part) => Figures.Median(Rounds.Select(round => part(round.Measured)));
}

/// <summary>A device's share: what was expected, and the peak of a process.</summary>
internal sealed record ComparedMemory(PlannedModel Model, PlannedChoice Choice, long ExpectedBytes, long MeasuredBytes)
{
    public double Error => ((double)ExpectedBytes / MeasuredBytes) - 1;
}

/// <summary>Sums up.</summary>
internal static class Figures
{
    public static double Median(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
