namespace SplitActors.Inference.Calibration;

/// <summary>Linear least squares with a penalty on the size of the coefficients, by Cholesky's decomposition in float64.</summary>
internal static class RidgeRegression
{
    /// <summary>The penalty, as a share of the mean variance of the inputs: enough that the decomposition exists, too little to bias.</summary>
    private const double Penalty = 1e-3;

    /// <summary>P that minimises Σ w·|h − P·e|² + λ·|P|².</summary>
    /// <param name="inputs">[n, n] Σ w·e·eᵀ; kept.</param>
    /// <param name="cross">[n, n] Σ w·e·hᵀ, a row per input; kept.</param>
    /// <param name="size">n.</param>
    /// <returns>[n, n] Pᵀ, a row per input.</returns>
    public static double[] Solve(double[] inputs, double[] cross, int size)
    {
        var factor = Factor(inputs, size);
        var solution = cross.AsSpan().ToArray();
        for (var row = 0; row < size; row++) // L·Y = cross
        {
            var target = solution.AsSpan(row * size, size);
            for (var k = 0; k < row; k++)
                DoubleVectors.AddScaled(solution.AsSpan(k * size, size), -factor[(row * size) + k], target);
            DoubleVectors.Scale(target, 1 / factor[(row * size) + row]);
        }

        for (var row = size - 1; row >= 0; row--) // Lᵀ·Pᵀ = Y
        {
            var target = solution.AsSpan(row * size, size);
            for (var k = row + 1; k < size; k++)
                DoubleVectors.AddScaled(solution.AsSpan(k * size, size), -factor[(k * size) + row], target);
            DoubleVectors.Scale(target, 1 / factor[(row * size) + row]);
        }

        return solution;
    }

    /// <summary>[n, n] Lower triangle L with L·Lᵀ = inputs + λ·1.</summary>
    private static double[] Factor(double[] inputs, int size)
    {
        var trace = 0.0;
        for (var i = 0; i < size; i++)
            trace += inputs[(i * size) + i];
        var penalty = Math.Max(Penalty * trace / size, double.Epsilon);
        var factor = new double[size * size];
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column <= row; column++)
            {
                var dot = DoubleVectors.Dot(factor.AsSpan(row * size, column), factor.AsSpan(column * size, column));
                var value = inputs[(row * size) + column] - dot;
                factor[(row * size) + column] = row == column ? Math.Sqrt(value + penalty) : value / factor[(column * size) + column];
            }
        }

        return factor;
    }
}
