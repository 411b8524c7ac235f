namespace SplitActors.Inference.Calibration;

/// <summary>
/// Eigenvalues and eigenvectors of a symmetric matrix in float64: Householder reflections to tridiagonal form, then implicit QL steps with Wilkinson's shift
/// [Golub, Van Loan: Matrix Computations, 8.3]. About 4·n³ multiplications.
/// </summary>
internal static class SymmetricEigen
{
    private const int StepsMax = 60; // of one eigenvalue; two or three are usual
    private const double Epsilon = 2.220446049250313e-16; // 2^-52

    /// <param name="matrix">[n, n] Symmetric; destroyed.</param>
    /// <param name="size">n.</param>
    /// <param name="progress">Told the share that is done; an exception of its ends the work.</param>
    /// <returns>Eigenvalues, largest first, and [n, n] the eigenvectors, a row each.</returns>
    public static (double[] Values, double[] Vectors) Decompose(double[] matrix, int size, IProgress<double>? progress = null)
    {
        var (diagonal, offDiagonal) = (new double[size], new double[size]);
        Reduce(matrix, size, diagonal, offDiagonal, progress);
        var vectors = Accumulate(matrix, size);
        Diagonalize(diagonal, offDiagonal, vectors, size, progress);

        var order = Enumerable.Range(0, size).ToArray();
        Array.Sort(order, (a, b) => diagonal[a] != diagonal[b] ? diagonal[b].CompareTo(diagonal[a]) : a.CompareTo(b));
        var sorted = new double[vectors.Length];
        for (var row = 0; row < size; row++)
            vectors.AsSpan(order[row] * size, size).CopyTo(sorted.AsSpan(row * size));
        return ([.. order.Select(row => diagonal[row])], sorted);
    }

    /// <summary>A := H·A·H for one column after the other; row k keeps the unit vector of its reflection H = 1 − 2·v·vᵀ from column k + 1 on.</summary>
    private static void Reduce(double[] a, int size, double[] diagonal, double[] offDiagonal, IProgress<double>? progress)
    {
        var product = new double[size];
        for (var k = 0; k < size; k++)
        {
            progress?.Report(0.5 * k / size);
            diagonal[k] = a[(k * size) + k];
            var v = a.AsSpan((k * size) + k + 1, size - k - 1); // the row is the column
            var norm = Math.Sqrt(DoubleVectors.Dot(v, v));
            if (norm == 0)
                continue;
            var alpha = v[0] > 0 ? -norm : norm;
            offDiagonal[k] = alpha;
            v[0] -= alpha;
            DoubleVectors.Scale(v, 1 / Math.Sqrt(DoubleVectors.Dot(v, v)));

            var p = product.AsSpan(0, v.Length);
            for (var row = 0; row < v.Length; row++)
                p[row] = DoubleVectors.Dot(a.AsSpan(((k + 1 + row) * size) + k + 1, v.Length), v);
            var half = DoubleVectors.Dot(p, v);
            DoubleVectors.AddScaled(v, -half, p); // p − (vᵀ·p)·v
            for (var row = 0; row < v.Length; row++)
            {
                var target = a.AsSpan(((k + 1 + row) * size) + k + 1, v.Length);
                DoubleVectors.AddScaled(v, -2 * p[row], target);
                DoubleVectors.AddScaled(p, -2 * v[row], target);
            }
        }
    }

    /// <summary>Rows of the product of all reflections, transposed: what diagonalizing will turn into eigenvectors.</summary>
    private static double[] Accumulate(double[] a, int size)
    {
        var q = new double[size * size];
        for (var i = 0; i < size; i++)
            q[(i * size) + i] = 1;
        for (var k = size - 2; k >= 0; k--)
        {
            var v = a.AsSpan((k * size) + k + 1, size - k - 1);
            for (var row = k + 1; row < size; row++)
            {
                var target = q.AsSpan((row * size) + k + 1, v.Length);
                DoubleVectors.AddScaled(v, -2 * DoubleVectors.Dot(target, v), target);
            }
        }

        return q;
    }

    private static void Diagonalize(double[] d, double[] e, double[] vectors, int size, IProgress<double>? progress)
    {
        for (var first = 0; first < size; first++)
        {
            progress?.Report(0.5 + (0.5 * first / size));
            for (var step = 0; ; step++)
            {
                var last = first;
                while (last < size - 1 && Math.Abs(e[last]) > Epsilon * (Math.Abs(d[last]) + Math.Abs(d[last + 1])))
                    last++;
                if (last == first)
                    break;
                if (step == StepsMax)
                    throw new InvalidOperationException($"Eigenvalue {first} of {size} has not converged in {StepsMax} steps.");
                Sweep(d, e, vectors, first, last);
            }
        }
    }

    /// <summary>One implicit QL step on the block [first, last], by plane rotations from its end to its start.</summary>
    private static void Sweep(double[] d, double[] e, double[] vectors, int first, int last)
    {
        var shift = (d[first + 1] - d[first]) / (2 * e[first]);
        var root = Math.Sqrt((shift * shift) + 1);
        var g = d[last] - d[first] + (e[first] / (shift + (shift < 0 ? -root : root)));
        var (sine, cosine, carried) = (1.0, 1.0, 0.0);
        for (var i = last - 1; i >= first; i--)
        {
            var (f, b) = (sine * e[i], cosine * e[i]);
            var r = Math.Sqrt((f * f) + (g * g));
            e[i + 1] = r;
            if (r == 0)
            {
                d[i + 1] -= carried;
                e[last] = 0;
                return;
            }

            (sine, cosine) = (f / r, g / r);
            g = d[i + 1] - carried;
            r = ((d[i] - g) * sine) + (2 * cosine * b);
            carried = sine * r;
            d[i + 1] = g + carried;
            g = (cosine * r) - b;
            DoubleVectors.Rotate(vectors.AsSpan(i * d.Length, d.Length), vectors.AsSpan((i + 1) * d.Length, d.Length), sine, cosine);
        }

        d[first] -= carried;
        e[first] = g;
        e[last] = 0;
    }
}
