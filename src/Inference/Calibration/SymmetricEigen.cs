using SplitActors.Inference.Threading;

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
    /// <param name="threads">Compute; null for the calling thread alone. The result has the same bits.</param>
    /// <param name="progress">Told the share that is done; an exception of its ends the work.</param>
    /// <returns>Eigenvalues, largest first, and [n, n] the eigenvectors, a row each.</returns>
    public static (double[] Values, double[] Vectors) Decompose(
        double[] matrix, int size, ComputeThreads? threads = null, IProgress<double>? progress = null)
    {
        threads ??= ComputeThreads.Single;
        var (diagonal, offDiagonal) = (new double[size], new double[size]);
        Reduce(matrix, size, diagonal, offDiagonal, threads, progress);
        var vectors = Accumulate(matrix, size, threads);
        Diagonalize(diagonal, offDiagonal, vectors, threads, progress);

        var order = Enumerable.Range(0, size).ToArray();
        Array.Sort(order, (a, b) => diagonal[a] != diagonal[b] ? diagonal[b].CompareTo(diagonal[a]) : a.CompareTo(b));
        var sorted = new double[vectors.Length];
        for (var row = 0; row < size; row++)
            vectors.AsSpan(order[row] * size, size).CopyTo(sorted.AsSpan(row * size));
        return ([.. order.Select(row => diagonal[row])], sorted);
    }

    /// <summary>A := H·A·H for one column after the other; row k keeps the unit vector of its reflection H = 1 − 2·v·vᵀ from column k + 1 on.</summary>
    private static void Reduce(
        double[] a, int size, double[] diagonal, double[] offDiagonal, ComputeThreads threads, IProgress<double>? progress)
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

            var (start, next, length) = ((k * size) + k + 1, k + 1, v.Length);
            ParallelRows.Run(threads, 0, length, (first, end) =>
            {
                for (var row = first; row < end; row++)
                    product[row] = DoubleVectors.Dot(a.AsSpan(((next + row) * size) + next, length), a.AsSpan(start, length));
            });
            var p = product.AsSpan(0, length);
            var half = DoubleVectors.Dot(p, v);
            DoubleVectors.AddScaled(v, -half, p); // p − (vᵀ·p)·v
            ParallelRows.Run(threads, 0, length, (first, end) =>
            {
                for (var row = first; row < end; row++)
                {
                    var target = a.AsSpan(((next + row) * size) + next, length);
                    DoubleVectors.AddScaled(a.AsSpan(start, length), -2 * product[row], target);
                    DoubleVectors.AddScaled(product.AsSpan(0, length), -2 * a[start + row], target);
                }
            });
        }
    }

    /// <summary>Rows of the product of all reflections, transposed: what diagonalizing will turn into eigenvectors.</summary>
    private static double[] Accumulate(double[] a, int size, ComputeThreads threads)
    {
        var q = new double[size * size];
        for (var i = 0; i < size; i++)
            q[(i * size) + i] = 1;
        for (var k = size - 2; k >= 0; k--)
        {
            var next = k + 1;
            ParallelRows.Run(threads, next, size, (first, end) =>
            {
                var v = a.AsSpan(((next - 1) * size) + next, size - next);
                for (var row = first; row < end; row++)
                {
                    var target = q.AsSpan((row * size) + next, v.Length);
                    DoubleVectors.AddScaled(v, -2 * DoubleVectors.Dot(target, v), target);
                }
            });
        }

        return q;
    }

    private static void Diagonalize(double[] d, double[] e, double[] vectors, ComputeThreads threads, IProgress<double>? progress)
    {
        var size = d.Length;
        var rotations = new (double Sine, double Cosine)[size];
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
                var end = Sweep(d, e, rotations, first, last);
                Rotate(vectors, size, rotations, end, last, threads);
            }
        }
    }

    /// <summary>
    /// Turns rows i and i + 1 of the eigenvectors for each i from <paramref name="last"/> − 1 down to <paramref name="first"/>.
    /// </summary>
    private static void Rotate(
        double[] vectors, int size, (double Sine, double Cosine)[] rotations, int first, int last, ComputeThreads threads) =>
        ParallelRows.Run(threads, 0, size, (from, end) => // some columns, which do not depend on each other
        {
            for (var i = last - 1; i >= first; i--)
            {
                var x = vectors.AsSpan((i * size) + from, end - from);
                var y = vectors.AsSpan(((i + 1) * size) + from, end - from);
                DoubleVectors.Rotate(x, y, rotations[i].Sine, rotations[i].Cosine);
            }
        });

    /// <summary>One implicit QL step on the block [first, last], by plane rotations from its end to its start.</summary>
    /// <returns>The last rotation's place.</returns>
    private static int Sweep(double[] d, double[] e, (double Sine, double Cosine)[] rotations, int first, int last)
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
                return i + 1;
            }

            (sine, cosine) = (f / r, g / r);
            g = d[i + 1] - carried;
            r = ((d[i] - g) * sine) + (2 * cosine * b);
            carried = sine * r;
            d[i + 1] = g + carried;
            g = (cosine * r) - b;
            rotations[i] = (sine, cosine);
        }

        d[first] -= carried;
        e[first] = g;
        e[last] = 0;
        return first;
    }
}
