using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// How far a covariance S is to be drawn towards μ·1, μ the mean of its eigenvalues, for the least expected error [Ledoit, Wolf 2004: A
/// well-conditioned estimator for large-dimensional covariance matrices]: by ρ = min(1, β²/δ²) with δ² = ‖S − μ·1‖² and β² = E‖S − Σ‖².
/// Tokens of a window are not independent, so β² is the variance of the mean over whole windows, as that of <see
/// cref="Evaluation.ClusteredMean"/>, not over tokens as in the paper: β² = Σ_b ‖S_b − S‖² / (B·(B − 1)).
/// </summary>
/// <param name="size">d.</param>
/// <param name="threads">Compute.</param>
/// <remarks>‖S_b‖² is the squared norm of the n × n products of the window's rows, so no other d × d matrix is kept.</remarks>
internal sealed class CovarianceShrinkage(int size, ComputeThreads threads)
{
    private double[]? _origin;      // [d] Rows are taken from the first window's mean, or a large mean would hide what varies
    private double[] _rows = [];    // [n, d]
    private double[] _squares = []; // [n]
    private double _squareSum;      // Σ_b ‖S_b‖²
    private double _weightSum;
    private int _windowCount;

    /// <param name="values">[n, d] The same n in every window.</param>
    /// <param name="weights">[n] Of each row; 0 leaves it out.</param>
    public void Add(ReadOnlySpan<float> values, ReadOnlySpan<double> weights)
    {
        _origin ??= Mean(values, weights);
        if (_rows.Length == 0)
            (_rows, _squares) = (new double[values.Length], new double[weights.Length]);
        for (var row = 0; row < weights.Length; row++)
        {
            var root = Math.Sqrt(weights[row]);
            for (var column = 0; column < size; column++)
                _rows[(row * size) + column] = weights[row] > 0 ? root * (values[(row * size) + column] - _origin[column]) : 0;
            _weightSum += weights[row];
        }

        var count = weights.Length;
        ParallelRows.Run(threads, 0, count, (first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                var y = _rows.AsSpan(row * size, size);
                var sum = 0.0;
                for (var other = 0; other <= row; other++)
                {
                    var product = DoubleVectors.Dot(y, _rows.AsSpan(other * size, size));
                    sum += (other < row ? 2 : 1) * product * product;
                }

                _squares[row] = sum;
            }
        });
        foreach (var square in _squares)
            _squareSum += square / ((double)count * count);
        _windowCount++;
    }

    /// <summary>ρ, 0 to 1; 0 with fewer than two windows.</summary>
    /// <param name="covariance">[d, d] S, about the mean, over the same windows.</param>
    /// <param name="mean">[d]</param>
    public double Intensity(double[] covariance, double[] mean)
    {
        if (_windowCount < 2)
            return 0;
        double[] shift = [.. mean.Select((value, i) => value - _origin![i])];
        var weight = _weightSum / ((double)_windowCount * _squares.Length);
        var (norm, trace, across) = (DoubleVectors.Dot(covariance, covariance), 0.0, 0.0);
        for (var row = 0; row < size; row++)
        {
            trace += covariance[(row * size) + row];
            across += shift[row] * DoubleVectors.Dot(covariance.AsSpan(row * size, size), shift);
        }

        var outer = weight * DoubleVectors.Dot(shift, shift);
        var aboutOrigin = norm + (2 * weight * across) + (outer * outer); // ‖S + w·(m − o)(m − o)ᵀ‖²
        var error = ((_squareSum / _windowCount) - aboutOrigin) / (_windowCount - 1);
        var dispersion = norm - (trace * trace / size);
        return error <= 0 ? 0 : error >= dispersion ? 1 : error / dispersion;
    }

    /// <summary>S := (1 − ρ)·S + ρ·μ·1.</summary>
    /// <param name="covariance">[d, d], changed in place</param>
    /// <param name="size">d</param>
    /// <param name="intensity">ρ</param>
    public static void Shrink(double[] covariance, int size, double intensity)
    {
        var trace = 0.0;
        for (var row = 0; row < size; row++)
            trace += covariance[(row * size) + row];
        DoubleVectors.Scale(covariance, 1 - intensity);
        for (var row = 0; row < size; row++)
            covariance[(row * size) + row] += intensity * trace / size;
    }

    private double[] Mean(ReadOnlySpan<float> values, ReadOnlySpan<double> weights)
    {
        var (mean, weightSum) = (new double[size], 0.0);
        for (var row = 0; row < weights.Length; row++)
        {
            if (!(weights[row] > 0))
                continue;
            weightSum += weights[row];
            for (var column = 0; column < size; column++)
                mean[column] += weights[row] * values[(row * size) + column];
        }

        DoubleVectors.Scale(mean, weightSum > 0 ? 1 / weightSum : 0);
        return mean;
    }
}
