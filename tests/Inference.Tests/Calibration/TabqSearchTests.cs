using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation;

namespace SplitActors.Inference.Tests.Calibration;

public sealed class TabqSearchTests
{
    private const int Width = 256;

    /// <summary>Without outliers a threshold far above all values would not set the step; with bulk far below them, thresholds lie far below the RMS.</summary>
    [Fact]
    public void Candidates_OtherDistribution_AreOthers()
    {
        double[] steps = [0.3, 0.6];
        var normal = TabqSearch.Candidates(Histogram(outlier: 0), steps);
        var heavy = TabqSearch.Candidates(Histogram(outlier: 200), [.. steps.Select(step => step / 20)]);
        Assert.NotEqual(normal, heavy);
        Assert.All(normal.SkipLast(1), candidate => Assert.InRange(candidate.Threshold.Value, 1, 6));
        Assert.All(heavy.SkipLast(1), candidate => Assert.InRange(candidate.Threshold.Value, 0.05, 1.5));
    }

    [Fact]
    public void Candidates_Steps_AreThoseOfThresholdAndBits()
    {
        double[] steps = [0.2, 0.4, 0.8];
        var candidates = TabqSearch.Candidates(Histogram(outlier: 0), steps);
        Assert.Equal(TabqOptions.BitsHighest, candidates[^1].BitsMax);
        foreach (var (step, candidate) in steps.Zip(candidates))
            Assert.Equal(step, candidate.Threshold.Value / ((1 << (candidate.BitsMax - 1)) - 1), 0.01);
    }

    /// <summary>A rise of 100·e² percent, measured without noise: of those within a quality the shortest, else the finest.</summary>
    [Fact]
    public void Choose_Costs_TakesTheShortestThatKeepsTheQuality()
    {
        (double Error, int Bytes)[] measured = [(0.05, 200), (0.06, 150), (0.09, 120), (0.2, 60)];
        TabqCost[] costs = [.. measured.Select((cost, i) => new TabqCost(Setting(i), cost.Error, Loss(100 * cost.Error * cost.Error), cost.Bytes))];
        var chosen = TabqSearch.Choose(costs);
        Assert.Equal([Setting(0), Setting(1), Setting(2), Setting(2)], chosen.Select(setting => setting.Tabq));
        Assert.Equal([false, true, true, true], chosen.Select(setting => setting.KeepsQuality));
    }

    private static TabqOptions Setting(int index) => new(Threshold.RelativeToRms(index + 1), 0, 4, 4);

    private static ClusteredMean Loss(double percent)
    {
        var loss = new ClusteredMean();
        for (var window = 0; window < 8; window++)
            loss.Add(Math.Log(1 + (percent / 100)) * 10, count: 10);
        return loss;
    }

    private static MagnitudeHistogram Histogram(float outlier)
    {
        var (random, histogram) = (new Random(5), new MagnitudeHistogram(Width));
        for (var token = 0; token < 200; token++)
        {
            float[] values = [.. Enumerable.Range(0, Width).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
            if (outlier > 0)
                values[7] = outlier;
            histogram.Add(values);
        }

        return histogram;
    }
}
