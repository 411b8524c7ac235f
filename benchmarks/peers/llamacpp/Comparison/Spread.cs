namespace SplitActors.Peers.LlamaCpp.Comparison;

/// <summary>The median of some figures, and how far they lie apart.</summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        var middle = sorted.Length / 2;
        return new Spread(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }

    /// <summary>Of what <paramref name="ours"/> reached over what <paramref name="theirs"/> reached in the same round.</summary>
    public static Spread OfRatios(IEnumerable<double> ours, IEnumerable<double> theirs) => Of(ours.Zip(theirs, (a, b) => a / b));
}
