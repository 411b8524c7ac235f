namespace SplitActors.Actors.Edge;

/// <summary>Percentiles that are one of the figures themselves.</summary>
internal static class NearestRank
{
    /// <param name="sorted">Ascending, at least one.</param>
    /// <param name="share">From 0 to 1.</param>
    public static long At(IReadOnlyList<long> sorted, double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count), 1, sorted.Count) - 1];
}
