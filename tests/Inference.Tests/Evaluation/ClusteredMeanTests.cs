using SplitActors.Inference.Evaluation;

namespace SplitActors.Inference.Tests.Evaluation;

public sealed class ClusteredMeanTests
{
    [Fact]
    public void StandardError_ClustersOfOne_IsThatOfIndependentValues()
    {
        double[] values = [1, 2, 4, 9];
        var mean = new ClusteredMean();
        foreach (var value in values)
            mean.Add(value, count: 1);
        Assert.Equal(4, mean.Mean);
        Assert.Equal(Math.Sqrt(38.0 / 3 / 4), mean.StandardError!.Value, 1e-12); // s/√n
    }

    [Fact]
    public void StandardError_ClustersOfUnequalSize_FollowsItsFormula()
    {
        var mean = new ClusteredMean();
        mean.Add(sum: 10, count: 10);
        mean.Add(sum: 6, count: 2);
        Assert.Equal(16.0 / 12, mean.Mean);
        var residual = 10 - (10 * 16.0 / 12);
        Assert.Equal(Math.Sqrt(2 * residual * residual * 2) / 12, mean.StandardError!.Value, 1e-12);
    }

    [Fact]
    public void StandardError_OneCluster_IsUnknown()
    {
        var mean = new ClusteredMean();
        mean.Add(sum: 3, count: 6);
        Assert.Equal(0.5, mean.Mean);
        Assert.Null(mean.StandardError);
    }

    /// <summary>Two figures that err alike err as one; two that err against each other do not err at all.</summary>
    [Fact]
    public void Average_OfSharedErrors_KeepsThem()
    {
        var (up, same, down) = (new ClusteredMean(), new ClusteredMean(), new ClusteredMean());
        foreach (var sum in new[] { 1.0, 2, 6 })
        {
            up.Add(sum, count: 2);
            same.Add(sum, count: 2);
            down.Add(-sum, count: 2);
        }

        Assert.Equal((up.Mean, up.StandardError), (ClusteredMean.Average([up, same]).Mean, ClusteredMean.Average([up, same]).StandardError));
        Assert.Equal((0, 0), (ClusteredMean.Average([up, down]).Mean, ClusteredMean.Average([up, down]).StandardError!.Value));
    }
}
