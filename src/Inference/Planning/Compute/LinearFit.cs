namespace SplitActors.Inference.Planning.Compute;

/// <summary>
/// A <see cref="LinearCost"/> through measured passes: least squares of the relative error, so that short passes count as much as long
/// ones, with no part below 0. What the samples do not tell apart, such as rows and passes if all had one row, goes to the first part that
/// explains it.
/// </summary>
/// <param name="Cost">The best fit.</param>
/// <param name="RelativeError">Root mean square of (predicted − measured)/measured.</param>
/// <param name="SampleCount">Passes behind it.</param>
public sealed record LinearFit(LinearCost Cost, double RelativeError, int SampleCount)
{
    private const int PartCount = 3;
    private const double Independent = 1e-9; // of a column's length, what must be left of it beside the others

    /// <exception cref="ArgumentException">There is no sample, or one took no time.</exception>
    public static LinearFit Of(IReadOnlyCollection<ComputeSample> samples)
    {
        if (samples.Count == 0 || samples.Any(sample => !double.IsFinite(sample.Seconds) || sample.Seconds <= 0))
            throw new ArgumentException("Samples of passes that took time are needed.", nameof(samples));
        var rows = samples.Select(sample => new[] { 1 / sample.Seconds, sample.RowCount / sample.Seconds, sample.PositionCount / sample.Seconds }).ToArray();
        var (best, bestError) = (new double[PartCount], (double)samples.Count); // nothing predicted at all
        for (var parts = 1; parts < 1 << PartCount; parts++) // the best with no part below 0 is the best of some of the parts alone
        {
            if (Solve(rows, parts) is not { } found || found.Any(part => part < 0))
                continue;
            var error = rows.Sum(row => Square(Product(row, found) - 1));
            if (error < bestError * (1 - Independent))
                (best, bestError) = (found, error);
        }

        return new LinearFit(new LinearCost(best[0], best[1], best[2]), Math.Sqrt(bestError / samples.Count), samples.Count);
    }

    /// <summary>
    /// Least squares of rows·x = 1 with the chosen parts, the others 0, by orthogonalizing the columns; null if they depend on each other.
    /// </summary>
    /// <param name="rows">[samples][3]</param>
    /// <param name="parts">A bit for each part.</param>
    private static double[]? Solve(double[][] rows, int parts)
    {
        var chosen = Enumerable.Range(0, PartCount).Where(part => (parts >> part & 1) != 0).ToArray();
        var basis = new double[chosen.Length][];                    // orthogonal columns
        var upper = new double[chosen.Length, chosen.Length];       // column j = Σ_i upper[i, j]·basis[i]
        for (var j = 0; j < chosen.Length; j++)
        {
            var column = rows.Select(row => row[chosen[j]]).ToArray();
            var length = column.Sum(Square);
            for (var pass = 0; pass < 2; pass++) // twice is enough [Kahan and Parlett]
            {
                for (var i = 0; i < j; i++)
                {
                    var share = Product(basis[i], column) / basis[i].Sum(Square);
                    upper[i, j] += share;
                    for (var k = 0; k < column.Length; k++)
                        column[k] -= share * basis[i][k];
                }
            }

            if (column.Sum(Square) <= Independent * Independent * length)
                return null;
            (basis[j], upper[j, j]) = (column, 1);
        }

        var solution = new double[PartCount];
        for (var j = chosen.Length - 1; j >= 0; j--)
        {
            var value = basis[j].Sum() / basis[j].Sum(Square);
            for (var later = j + 1; later < chosen.Length; later++)
                value -= upper[j, later] * solution[chosen[later]];
            solution[chosen[j]] = value;
        }

        return solution;
    }

    private static double Product(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Square(double x) => x * x;
}
