using SplitActors.Inference.Threading;

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
    /// <param name="threads">Compute.</param>
    /// <returns>[n, n] Pᵀ, a row per input.</returns>
    public static double[] Solve(double[] inputs, double[] cross, int size, ComputeThreads threads)
    {
        var factor = Factor(inputs, size, threads);
        var solution = cross.AsSpan().ToArray();
        ParallelRows.Run(threads, 0, size, (first, end) => // of some columns, which do not depend on each other
        {
            Span<double> Row(int row) => solution.AsSpan((row * size) + first, end - first);
            for (var row = 0; row < size; row++) // L·Y = cross
            {
                for (var k = 0; k < row; k++)
                    DoubleVectors.AddScaled(Row(k), -factor[(row * size) + k], Row(row));
                DoubleVectors.Scale(Row(row), 1 / factor[(row * size) + row]);
            }

            for (var row = size - 1; row >= 0; row--) // Lᵀ·Pᵀ = Y
            {
                for (var k = row + 1; k < size; k++)
                    DoubleVectors.AddScaled(Row(k), -factor[(k * size) + row], Row(row));
                DoubleVectors.Scale(Row(row), 1 / factor[(row * size) + row]);
            }
        });
        return solution;
    }

    /// <summary>[n, n] Lower triangle L with L·Lᵀ = inputs + λ·1, column by column.</summary>
    private static double[] Factor(double[] inputs, int size, ComputeThreads threads)
    {
        var trace = 0.0;
        for (var i = 0; i < size; i++)
            trace += inputs[(i * size) + i];
        var penalty = Math.Max(Penalty * trace / size, double.Epsilon);
        var factor = new double[size * size];
        for (var column = 0; column < size; column++)
        {
            var k = column;
            factor[(k * size) + k] = Math.Sqrt(inputs[(k * size) + k] - Dot(k, k) + penalty);
            ParallelRows.Run(threads, k + 1, size, (first, end) =>
            {
                for (var row = first; row < end; row++)
                    factor[(row * size) + k] = (inputs[(row * size) + k] - Dot(row, k)) / factor[(k * size) + k];
            });
        }

        return factor;

        double Dot(int row, int column) => DoubleVectors.Dot(factor.AsSpan(row * size, column), factor.AsSpan(column * size, column));
    }
}
