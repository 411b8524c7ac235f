using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Planning.Compute;

using Property = SplitActors.Inference.Tests.Compression.Property;

namespace SplitActors.Inference.Tests.Planning.Compute;

public sealed class LinearFitTests
{
    private const int CaseCount = 500;

    private static readonly Gen<Case> Cases =
        from pass in Parts(1e-3)
        from row in Parts(1e-4)
        from position in Parts(1e-7)
        from count in Gen.Choose(4, 30)
        from shapes in Gen.ListOf(Shapes, count)
        select new Case(new LinearCost(pass, row, position), [.. shapes.Concat([(1, 3), (1, 900), (7, 40)])]);

    private static Gen<(int Rows, int Context)> Shapes =>
        from rows in Gen.Choose(1, 64)
        from context in Gen.Choose(1, 2000)
        select (rows, context);

    [Fact]
    public void Of_ExactSamples_FindsTheCost() => Property.Holds(CaseCount, Cases.Where(given => given.Cost.Seconds(1, 1) > 0), given =>
    {
        var fit = LinearFit.Of([.. given.Shapes.Select(shape => Sample(given.Cost, shape, noise: 0))]);
        Assert.Equal(given.Cost.PassSeconds, fit.Cost.PassSeconds, 1e-9);
        Assert.Equal(given.Cost.RowSeconds, fit.Cost.RowSeconds, 1e-10);
        Assert.Equal(given.Cost.PositionSeconds, fit.Cost.PositionSeconds, 1e-12);
        Assert.InRange(fit.RelativeError, 0, 1e-6);
        Assert.Equal(given.Shapes.Length, fit.SampleCount);
    });

    /// <summary>With noise: no part below 0, and no cost nearby, nor any of many others, has a lesser relative error.</summary>
    [Fact]
    public void Of_NoisySamples_IsTheLeastOfNonNegativeCosts() => Property.Holds(CaseCount, Cases.Zip(Gen.Choose(0, int.MaxValue - 1)), given =>
    {
        var random = new Random(given.Item2);
        ComputeSample[] samples = [.. given.Item1.Shapes.Select(shape => Sample(new LinearCost(1e-4, 1e-5, 1e-8), shape, (random.NextDouble() - 0.5) * 1.5))];
        var cost = LinearFit.Of(samples).Cost;
        Assert.True(cost is { PassSeconds: >= 0, RowSeconds: >= 0, PositionSeconds: >= 0 }, $"{cost}");
        var error = SquaredError(samples, cost);
        for (var trial = 0; trial < 100; trial++)
        {
            var step = Math.Pow(10, -random.Next(1, 7));
            var other = new LinearCost(
                Math.Max(0, cost.PassSeconds + (step * 1e-4 * (random.NextDouble() - 0.5))),
                Math.Max(0, cost.RowSeconds + (step * 1e-5 * (random.NextDouble() - 0.5))),
                Math.Max(0, cost.PositionSeconds + (step * 1e-8 * (random.NextDouble() - 0.5))));
            Assert.InRange(SquaredError(samples, other), error * (1 - 1e-9), double.PositiveInfinity);
        }
    });

    /// <summary>Of one row in every sample, passes and rows cannot be told apart: the sum is right all the same.</summary>
    [Fact]
    public void Of_SamplesOfOneRow_PredictsOneRow()
    {
        var truth = new LinearCost(2e-3, 1e-3, 5e-7);
        var fit = LinearFit.Of([.. new[] { 10, 100, 500 }.Select(context => Sample(truth, (1, context), noise: 0))]);
        Assert.Equal(truth.Seconds(1, 300), fit.Cost.Seconds(1, 300), 1e-12);
    }

    [Fact]
    public void Of_OneSample_IsThatSample()
    {
        var fit = LinearFit.Of([new ComputeSample(8, 800, 0.004)]);
        Assert.Equal(0.004, fit.Cost.Seconds(8, 800), 1e-12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Of_SampleWithoutTime_IsRefused(double seconds) =>
        Assert.Throws<ArgumentException>(() => LinearFit.Of([new ComputeSample(1, 1, seconds)]));

    [Fact]
    public void Of_NoSamples_IsRefused() => Assert.Throws<ArgumentException>(() => LinearFit.Of([]));

    private static ComputeSample Sample(LinearCost cost, (int Rows, int Context) shape, double noise)
    {
        var exact = ComputeSample.Decode(shape.Rows, shape.Context, seconds: 1);
        return exact with { Seconds = cost.Seconds(exact.RowCount, exact.PositionCount) * (1 + noise) };
    }

    private static double SquaredError(ComputeSample[] samples, LinearCost cost) =>
        samples.Sum(sample => Math.Pow((cost.Seconds(sample.RowCount, sample.PositionCount) / sample.Seconds) - 1, 2));

    /// <summary>0 now and then.</summary>
    private static Gen<double> Parts(double unit) => Gen.Choose(-3, 20).Select(i => Math.Max(0, i) * unit / 10);

    private sealed record Case(LinearCost Cost, (int Rows, int Context)[] Shapes);
}
