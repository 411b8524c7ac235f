namespace SplitActors.Inference.Calibration;

/// <summary>
/// Rise of perplexity against the relative step s, fitted to a few measurements: a·s² + b·s⁴ with a, b ≥ 0. A small error costs in proportion to its
/// square, so even a rise that drowns in noise where it is small can be told from where it is not.
/// </summary>
internal sealed class QualityCurve
{
    private const double RiseMaxPercent = 8;       // what lies above says nothing of the qualities that there are
    private const double ErrorMinPercent = 0.02;   // a measurement that happens to have no spread does not count for everything
    private const int BisectionSteps = 50;

    private readonly double _a;
    private readonly double _b;
    private readonly double _varianceA;
    private readonly double _varianceB;
    private readonly double _covariance;
    private readonly double _stepMax;

    /// <param name="points">At least one measurement: step, rise and its standard error, both in percent.</param>
    public QualityCurve(IReadOnlyList<(double Step, double Rise, double Error)> points)
    {
        var used = points.Where(point => point.Rise <= RiseMaxPercent).ToList();
        if (used.Count == 0)
            used = [points.MinBy(point => point.Step)];
        _stepMax = used.Max(point => point.Step);
        var (s22, s24, s44, r2, r4) = (0.0, 0.0, 0.0, 0.0, 0.0);
        foreach (var (step, rise, error) in used)
        {
            var weight = 1 / Math.Pow(Math.Max(error, ErrorMinPercent), 2);
            var (square, fourth) = (step * step, step * step * step * step);
            (s22, s24, s44) = (s22 + (weight * square * square), s24 + (weight * square * fourth), s44 + (weight * fourth * fourth));
            (r2, r4) = (r2 + (weight * square * rise), r4 + (weight * fourth * rise));
        }

        var determinant = (s22 * s44) - (s24 * s24);
        (_a, _b) = determinant > 0 ? (((s44 * r2) - (s24 * r4)) / determinant, ((s22 * r4) - (s24 * r2)) / determinant) : (-1, -1);
        if (_a > 0 && _b >= 0 && used.Count > 1)
        {
            (_varianceA, _varianceB, _covariance) = (s44 / determinant, s22 / determinant, -s24 / determinant);
            return;
        }

        if (_a <= 0 && _b > 0 && used.Count > 1)
            (_a, _b, _varianceB) = (0, r4 / s44, 1 / s44);
        else
            (_a, _b, _varianceA) = (Math.Max(r2 / s22, 0), 0, 1 / s22);
    }

    /// <summary>Expected rise and its standard error, in percent.</summary>
    public (double Rise, double Error) At(double step)
    {
        var (square, fourth) = (step * step, step * step * step * step);
        var variance = (square * square * _varianceA) + (fourth * fourth * _varianceB) + (2 * square * fourth * _covariance);
        return ((_a * square) + (_b * fourth), Math.Sqrt(Math.Max(variance, 0)));
    }

    /// <summary>The largest step, within what was measured, that the target allows.</summary>
    public double StepFor(QualityTarget target)
    {
        var (low, high) = (0.0, _stepMax);
        for (var i = 0; i < BisectionSteps; i++)
        {
            var middle = i == 0 ? high : (low + high) / 2;
            var (rise, error) = At(middle);
            if (target.Allows(rise, error))
                low = middle;
            else
                high = middle;
            if (low == high)
                break;
        }

        return low;
    }
}
