namespace SplitActors.Inference.Tests.Sampling;

/// <summary>Pearson's χ² test with a bound that a correct generator exceeds for one seed in three million; the seeds are fixed.</summary>
internal static class AssertChiSquare
{
    private const double StandardDeviations = 5;

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

        // Wilson and Hilferty: for k degrees of freedom the cube root of χ²/k is nearly normal, with mean 1 − 2/9k and variance 2/9k.
        var freedom = probabilities.Count(p => p > 0) - 1;
        var variance = 2.0 / (9 * freedom);
        Assert.InRange(statistic, 0, freedom * Math.Pow(1 - variance + (StandardDeviations * Math.Sqrt(variance)), 3));
    }
}
