namespace SplitActors.Inference.Tests.Sampling;

/// <summary>Pearson's χ² test with a bound that a correct generator exceeds once in some hundred million seeds; the seeds are fixed.</summary>
internal static class AssertChiSquare
{
    private const double StandardDeviations = 6;

    public static void Uniform(IEnumerable<int> draws, int cellCount) =>
        Fits(draws, [.. Enumerable.Repeat(1.0 / cellCount, cellCount)]);

    /// <param name="draws">Cell numbers.</param>
    /// <param name="probabilities">Of each cell; a cell of probability 0 must not be drawn.</param>
    public static void Fits(IEnumerable<int> draws, double[] probabilities)
    {
        var counts = new int[probabilities.Length];
        foreach (var draw in draws)
            counts[draw]++;
        var total = counts.Sum();
        var statistic = 0.0;
        for (var cell = 0; cell < counts.Length; cell++)
        {
            var expected = total * probabilities[cell];
            if (expected == 0)
                Assert.Equal(0, counts[cell]);
            else
                statistic += (counts[cell] - expected) * (counts[cell] - expected) / expected;
        }

        // χ² with k degrees of freedom has mean k and variance 2k.
        var freedom = probabilities.Count(p => p > 0) - 1;
        Assert.InRange(statistic, 0, freedom + (StandardDeviations * Math.Sqrt(2 * freedom)));
    }
}
