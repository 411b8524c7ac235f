using SplitActors.Inference.Evaluation;

namespace SplitActors.Inference.Calibration;

/// <summary>What a setting costs, in percent of perplexity.</summary>
/// <param name="Percent">Rise on the text that was measured.</param>
/// <param name="StandardErrorPercent">Of that rise.</param>
/// <param name="ElsewherePercent">What the rise on another text of this kind, a fifth as long, stays below with 95 %.</param>
internal readonly record struct RiseEstimate(double Percent, double StandardErrorPercent, double ElsewherePercent);

/// <summary>
/// Rise of perplexity against the relative step s, fitted to a few measurements on the same windows of a text: a·s² + b·s⁴, a or b 0 where their
/// signs would differ. A small error costs in proportion to its square, so even a rise that drowns in noise where it is small can be told from
/// where it is not.
/// </summary>
/// <remarks>
/// All measurements share the text's windows, so their errors go together. The curve is fitted anew without each window in turn, and the
/// spread of these fits is its standard error (the jackknife over clusters [Efron, Stein 1981]): SE² = (C−1)/C · Σ_c (r₍₋c₎ − r̄)². What one
/// of K parts of a text costs differs from what the whole of another tells by √(1 + K)·SE, as the variance of a part is K·SE²: with 95 % it stays
/// below r + t₀.₉₅(C−1)·√(1 + K)·SE, the bound of a cross-validation in K = 5 blocks.
/// </remarks>
internal sealed class QualityCurve
{
    private const double RiseMaxPercent = 8;       // what lies above says nothing of the qualities that there are
    private const double ErrorMinPercent = 0.02;   // a measurement that happens to have no spread does not count for everything
    private const int PartCount = 5;               // K, as in most cross-validations [Hastie, Tibshirani, Friedman, 7.10]
    private const int BisectionSteps = 50;

    private readonly Coefficients _fit;
    private readonly Coefficients[] _fits; // without each cluster
    private readonly double _stepMax;

    /// <param name="points">At least one measurement: step, and nats lost per token. All have the same clusters, two or more.</param>
    public QualityCurve(IReadOnlyList<(double Step, ClusteredMean Loss)> points)
    {
        var used = points.Where(point => Percent(point.Loss.Mean) <= RiseMaxPercent).ToList();
        if (used.Count == 0)
            used = [points.MinBy(point => point.Step)];
        _stepMax = used.Max(point => point.Step);
        double[] weights = [.. used.Select(point => Math.Pow(Math.Max(PercentError(point.Loss), ErrorMinPercent), -2))];
        _fit = Fit(loss => loss.Mean);
        _fits = [.. Enumerable.Range(0, points[0].Loss.ClusterCount).Select(cluster => Fit(loss => loss.MeanWithout(cluster)))];

        Coefficients Fit(Func<ClusteredMean, double> mean) =>
            Coefficients.Fit([.. used.Select((point, i) => (point.Step, Percent(mean(point.Loss)), weights[i]))]);
    }

    /// <param name="step">At least 0.</param>
    public RiseEstimate At(double step)
    {
        var (rise, clusterCount) = (Math.Max(_fit.At(step), 0), _fits.Length);
        var mean = _fits.Average(fit => fit.At(step));
        var error = Math.Sqrt(_fits.Sum(fit => Math.Pow(fit.At(step) - mean, 2)) * (clusterCount - 1) / clusterCount);
        return new RiseEstimate(rise, error, rise + (StudentT.Quantile95(clusterCount - 1) * Math.Sqrt(1 + PartCount) * error));
    }

    /// <summary>The largest step, within what was measured, that the target allows.</summary>
    public double StepFor(QualityTarget target)
    {
        var (low, high) = (0.0, _stepMax);
        for (var i = 0; i < BisectionSteps; i++)
        {
            var middle = i == 0 ? high : (low + high) / 2;
            if (target.Allows(At(middle).ElsewherePercent))
                low = middle;
            else
                high = middle;
            if (low == high)
                break;
        }

        return low;
    }

    /// <summary>
    /// Windows that are expected to bring the margin for other texts, at the step that a target allows, down to a share of the target. It
    /// shrinks with the root of their number, which makes this the second stage of a two-stage sample [Stein 1945].
    /// </summary>
    /// <param name="target">A quality.</param>
    /// <param name="marginShare">Of its rise.</param>
    public int WindowsFor(QualityTarget target, double marginShare)
    {
        var rise = At(StepFor(target));
        var share = (rise.ElsewherePercent - rise.Percent) / target.RisePercent;
        return (int)Math.Min(Math.Ceiling(_fits.Length * Math.Pow(share / marginShare, 2)), int.MaxValue);
    }

    private static double Percent(double nats) => (Math.Exp(nats) - 1) * 100;

    private static double PercentError(ClusteredMean loss) => loss.StandardError!.Value * Math.Exp(loss.Mean) * 100;

    private readonly record struct Coefficients(double A, double B)
    {
        public double At(double step) => step * step * (A + (B * step * step));

        /// <summary>
        /// Least squares with one term where two would have opposite signs. That one may be negative: noise that would be cut off at 0 would look like none.
        /// </summary>
        /// <param name="points">Step, rise and weight.</param>
        public static Coefficients Fit(IReadOnlyList<(double Step, double Rise, double Weight)> points)
        {
            var (s22, s24, s44, r2, r4) = (0.0, 0.0, 0.0, 0.0, 0.0);
            foreach (var (step, rise, weight) in points)
            {
                var (square, fourth) = (step * step, step * step * step * step);
                (s22, s24, s44) = (s22 + (weight * square * square), s24 + (weight * square * fourth), s44 + (weight * fourth * fourth));
                (r2, r4) = (r2 + (weight * square * rise), r4 + (weight * fourth * rise));
            }

            var determinant = (s22 * s44) - (s24 * s24);
            var (squareAlone, fourthAlone) = (new Coefficients(r2 / s22, 0), new Coefficients(0, r4 / s44));
            if (points.Count == 1 || determinant <= 0)
                return squareAlone;
            var (a, b) = (((s44 * r2) - (s24 * r4)) / determinant, ((s22 * r4) - (s24 * r2)) / determinant);
            return a > 0 && b >= 0 ? new Coefficients(a, b) : a <= 0 && b > 0 ? fourthAlone : squareAlone;
        }
    }
}
