using SplitActors.Inference.Calibration;
using SplitActors.Inference.Evaluation;

namespace SplitActors.Inference.Tests.Calibration;

public class QualityCurveTests
{
    [Fact]
    public void StepFor_ExactMeasurements_IsTheLargestThatIsAllowed()
    {
        var curve = new QualityCurve([.. new[] { 0.25, 0.4, 0.6, 0.9 }.Select(step => (step, Loss((4 * step * step) + (2 * Math.Pow(step, 4)))))]);
        foreach (var target in QualityTarget.All)
        {
            var step = curve.StepFor(target);
            Assert.True(target.Allows(curve.At(step * 0.999999).ElsewherePercent));
            Assert.False(target.Allows(curve.At(step * 1.000001).ElsewherePercent));
        }
    }

    [Fact]
    public void StepFor_CheapEverywhere_StaysWithinWhatWasMeasured() =>
        Assert.Equal(0.9, new QualityCurve([(0.3, Loss(0.01)), (0.9, Loss(0.1))]).StepFor(new QualityTarget(3)));

    [Fact]
    public void StepFor_MoreNoise_IsMoreCareful()
    {
        QualityCurve Curve(double spread) => new([(0.3, Loss(0.4, spread)), (0.6, Loss(1.6, spread)), (0.9, Loss(3.6, spread))]);
        Assert.True(Curve(0.3).StepFor(new QualityTarget(1)) < Curve(0.03).StepFor(new QualityTarget(1)));
    }

    [Fact]
    public void At_MeasurementsBelowZero_NeverFalls()
    {
        var curve = new QualityCurve([(0.3, Loss(-0.1, 0.1)), (0.6, Loss(-0.05, 0.1)), (0.9, Loss(0.2, 0.1))]);
        Assert.True(curve.At(0.9).Percent >= curve.At(0.3).Percent);
        Assert.True(curve.At(0.3).Percent >= 0);
    }

    /// <summary>Noise below zero tells no gain, and is no less uncertain than noise above.</summary>
    [Theory]
    [InlineData(-0.5, -0.4, -0.3)] // one term, and that is negative
    [InlineData(-0.9, -0.5, -0.1)]
    public void At_NoiseBelowZero_RisesByNothingAndKeepsItsError(double first, double second, double third)
    {
        var estimate = new QualityCurve([(0.3, Loss(first, 0.2)), (0.6, Loss(second, 0.2)), (0.9, Loss(third, 0.2))]).At(0.9);
        Assert.Equal(0, estimate.Percent);
        Assert.InRange(estimate.StandardErrorPercent, 0.01, 1);
        Assert.InRange(estimate.ElsewherePercent, 2 * estimate.StandardErrorPercent, 1);
    }

    /// <summary>One step leaves one coefficient, which is the rise ÷ s²: the jackknife of the rise is written out by hand.</summary>
    [Fact]
    public void At_OneStep_HasTheErrorOfTheJackknifeOverWindows()
    {
        var loss = new ClusteredMean();
        foreach (var (sum, count) in new[] { (1.0, 100), (2.0, 100), (6.0, 200) })
            loss.Add(sum, count);
        double[] without = [8.0 / 300, 7.0 / 300, 3.0 / 200];
        double[] rises = [.. without.Select(nats => 100 * (Math.Exp(nats) - 1))];
        var error = Math.Sqrt(2.0 / 3 * rises.Sum(rise => Math.Pow(rise - rises.Average(), 2)));

        var estimate = new QualityCurve([(0.5, loss)]).At(0.5);

        Assert.Equal(100 * (Math.Exp(9.0 / 400) - 1), estimate.Percent, 1e-12);
        Assert.Equal(error, estimate.StandardErrorPercent, 1e-12);
        Assert.Equal(estimate.Percent + (StudentT.Quantile95(2) * Math.Sqrt(6) * error), estimate.ElsewherePercent, 1e-12);
    }

    /// <summary>A window that is dear is so at every step: five measurements of the same windows know no more than one.</summary>
    [Fact]
    public void At_StepsThatShareTheirWindows_DoNotAverageTheirErrors()
    {
        ClusteredMean Shared(double step)
        {
            var loss = new ClusteredMean();
            for (var window = 0; window < 8; window++)
                loss.Add(0.01 * step * step * (window < 4 ? 0.5 : 1.5) * 100, count: 100);
            return loss;
        }

        double[] steps = [0.3, 0.4, 0.5, 0.6, 0.7];
        var (five, one) = (new QualityCurve([.. steps.Select(step => (step, Shared(step)))]), new QualityCurve([(0.5, Shared(0.5))]));
        Assert.Equal(one.At(0.5).StandardErrorPercent / one.At(0.5).Percent, five.At(0.5).StandardErrorPercent / five.At(0.5).Percent, 0.002);
    }

    /// <summary>The margin falls with the root of the number of windows, from what eight of them leave.</summary>
    [Fact]
    public void WindowsFor_ShareOfTheTarget_GrowsWithTheSquareOfTheMargin()
    {
        var curve = new QualityCurve([(0.3, Loss(0.4, 0.2)), (0.6, Loss(1.6, 0.2)), (0.9, Loss(3.6, 0.2))]);
        var target = new QualityTarget(1);
        var estimate = curve.At(curve.StepFor(target));
        var margin = 1 - estimate.Percent;
        Assert.Equal(1, estimate.ElsewherePercent, 1e-9);
        Assert.Equal(8, curve.WindowsFor(target, margin * 1.000001));
        Assert.Equal(32, curve.WindowsFor(target, margin / 2 * 1.000001));
        Assert.Equal(2, curve.WindowsFor(target, margin * 2.000001));
    }

    /// <summary>Eight windows whose rises are ± <paramref name="spread"/> about one, all in percent.</summary>
    private static ClusteredMean Loss(double rise, double spread = 1e-9)
    {
        var loss = new ClusteredMean();
        for (var window = 0; window < 8; window++)
            loss.Add(100 * Math.Log(1 + ((rise + (window % 2 == 0 ? spread : -spread)) / 100)), count: 100);
        return loss;
    }
}
