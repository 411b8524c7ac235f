namespace SplitActors.Inference.Evaluation;

/// <summary>
/// The mean of a figure over the tokens of a text, and its standard error. Neighbouring tokens are not independent, so a window of them is one cluster:
/// SE² = C/(C−1) · Σ_c (Σ_{i∈c} (xᵢ − x̄))² / n² over C clusters and n tokens, the linearized error of a ratio of two cluster totals
/// [Cochran: Sampling Techniques, 3rd ed., 6.4 and 9A.1; Liang, Zeger 1986].
/// </summary>
public sealed class ClusteredMean
{
    private readonly List<(double Sum, int Count)> _clusters = [];
    private double _sum;
    private long _count;

    public double Mean { get; private set; }

    public int ClusterCount => _clusters.Count;

    /// <summary>Null with fewer than two clusters.</summary>
    public double? StandardError
    {
        get
        {
            if (_clusters.Count < 2)
                return null;
            var squares = _clusters.Sum(cluster => Math.Pow(cluster.Sum - (cluster.Count * Mean), 2));
            return Math.Sqrt(squares * _clusters.Count / (_clusters.Count - 1)) / _count;
        }
    }

    /// <summary>Adds a cluster of at least one token.</summary>
    public void Add(double sum, int count)
    {
        _clusters.Add((sum, count));
        (_sum, _count) = (_sum + sum, _count + count);
        Mean = _sum / _count;
    }

    /// <summary>The mean of all clusters but one, for a jackknife.</summary>
    internal double MeanWithout(int cluster) => (_sum - _clusters[cluster].Sum) / (_count - _clusters[cluster].Count);

    /// <summary>The mean of figures over the same clusters, each cluster averaged first: what they share does not average out.</summary>
    public static ClusteredMean Average(IReadOnlyCollection<ClusteredMean> figures)
    {
        var average = new ClusteredMean();
        for (var cluster = 0; cluster < figures.First()._clusters.Count; cluster++)
            average.Add(figures.Average(figure => figure._clusters[cluster].Sum), figures.First()._clusters[cluster].Count);
        return average;
    }
}
