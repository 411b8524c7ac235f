using SplitActors.Inference.Calibration;

namespace SplitActors.Inference.Tests.Calibration;

public class QualityCurveTests
{
    [Fact]
    public void StepFor_ExactMeasurements_IsTheLargestThatIsAllowed()
    {
        var curve = new QualityCurve([.. new[] { 0.25, 0.4, 0.6, 0.9 }.Select(step => (step, (4 * step * step) + (2 * Math.Pow(step, 4)), 1e-9))]);
        foreach (var target in QualityTarget.All)
        {
            var step = curve.StepFor(target);
            Assert.True(Allows(step * 0.999999));
            Assert.False(Allows(step * 1.000001));

            bool Allows(double step) => target.Allows(curve.At(step).Rise, curve.At(step).Error);
        }
    }

    [Fact]
    public void StepFor_CheapEverywhere_StaysWithinWhatWasMeasured() =>
        Assert.Equal(0.9, new QualityCurve([(0.3, 0.01, 0.001), (0.9, 0.1, 0.001)]).StepFor(new QualityTarget(3)));

    [Fact]
    public void StepFor_MoreNoise_IsMoreCareful()
    {
        (double, double, double)[] Points(double error) => [(0.3, 0.4, error), (0.6, 1.6, error), (0.9, 3.6, error)];
        Assert.True(new QualityCurve(Points(0.3)).StepFor(new QualityTarget(1)) < new QualityCurve(Points(0.03)).StepFor(new QualityTarget(1)));
    }

    [Fact]
    public void At_MeasurementsBelowZero_NeverFalls()
    {
        var curve = new QualityCurve([(0.3, -0.1, 0.1), (0.6, -0.05, 0.1), (0.9, 0.2, 0.1)]);
        Assert.True(curve.At(0.9).Rise >= curve.At(0.3).Rise);
        Assert.True(curve.At(0.3).Rise >= 0);
    }
}
