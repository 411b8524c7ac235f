using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Calibration;

/// <summary>Turns the moments of a text into what a calibration stores.</summary>
internal static class SplitStatistics
{
    private const float DeviationMin = 1e-6f; // a column that never changes
    private const int CodeMax = sbyte.MaxValue;

    /// <param name="sample">With covariance if either is wanted, with embeddings if <paramref name="withPrediction"/>.</param>
    /// <param name="withKarhunenLoeve">Whether to find the eigenvectors of the hidden state's covariance.</param>
    /// <param name="withPrediction">Whether to predict from embeddings, and to find the eigenvectors of the residual's covariance.</param>
    /// <param name="threads">Compute.</param>
    /// <param name="progress">Told the share of each decomposition.</param>
    public static SplitTensors Of(
        SplitSample sample, bool withKarhunenLoeve, bool withPrediction, ComputeThreads threads, IProgress<double>? progress)
    {
        var moments = sample.Moments;
        var covariance = withKarhunenLoeve || withPrediction ? moments.Covariance() : [];
        var intensity = sample.HiddenShrinkage?.Intensity(covariance, moments.Mean) ?? 0;
        var prediction = withPrediction ? Predict(sample, covariance, intensity, threads, progress) : null;
        return new SplitTensors(
            ToFloats(moments.Mean),
            [.. moments.Variances.Select(DeviationOf)],
            withKarhunenLoeve ? BasisOf(covariance, intensity, moments.Size, threads, progress) : null,
            prediction);
    }

    /// <param name="covariance">[d, d]; destroyed.</param>
    /// <param name="intensity">How far it is shrunk.</param>
    /// <param name="size">d</param>
    /// <param name="threads">Compute.</param>
    /// <param name="progress">Told the share.</param>
    private static KarhunenLoeveBasis BasisOf(
        double[] covariance, double intensity, int size, ComputeThreads threads, IProgress<double>? progress)
    {
        CovarianceShrinkage.Shrink(covariance, size, intensity);
        var (values, vectors) = SymmetricEigen.Decompose(covariance, size, threads, progress);
        return new KarhunenLoeveBasis([.. vectors.Select(value => BitConverter.HalfToUInt16Bits((Half)value))], [.. values.Select(DeviationOf)]);
    }

    private static EmbeddingPrediction Predict(
        SplitSample sample, double[] covariance, double intensity, ComputeThreads threads, IProgress<double>? progress)
    {
        var (moments, size) = (sample.Moments, sample.Moments.Size);
        var inputs = moments.EmbeddingCovariance();
        var cross = moments.CrossCovariance();
        var embeddingMean = moments.EmbeddingMean;
        var regularized = inputs.AsSpan().ToArray();
        CovarianceShrinkage.Shrink(regularized, size, sample.EmbeddingShrinkage!.Intensity(inputs, embeddingMean));
        var (codes, scale) = Quantize(RidgeRegression.Solve(regularized, cross, size, threads), size);
        var bias = moments.Mean;
        var weights = new double[size * size]; // P as it is stored, a row per element of h
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = codes[i] * scale[i / size];
            bias[i / size] -= weights[i] * embeddingMean[i % size];
        }

        var residual = Residual(covariance, weights, inputs, cross, size, threads);
        return new EmbeddingPrediction(codes, scale, ToFloats(bias), BasisOf(residual, intensity, size, threads, progress));
    }

    /// <summary>Covariance of h − P·e: C_hh − P·C_eh − (P·C_eh)ᵀ + P·C_ee·Pᵀ.</summary>
    private static double[] Residual(
        double[] covariance, double[] weights, double[] inputs, double[] cross, int size, ComputeThreads threads)
    {
        var predicted = Multiply(weights, cross, size, threads);                        // P·C_eh
        var spread = Multiply(weights, inputs, size, threads);                          // P·C_ee
        var residual = new double[covariance.Length];
        ParallelRows.Run(threads, 0, size, (first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                for (var column = 0; column <= row; column++)
                {
                    var square = DoubleVectors.Dot(spread.AsSpan(row * size, size), weights.AsSpan(column * size, size));
                    var (place, mirror) = ((row * size) + column, (column * size) + row);
                    residual[place] = residual[mirror] = covariance[place] - predicted[place] - predicted[mirror] + square;
                }
            }
        });
        return residual;
    }

    private static double[] Multiply(double[] left, double[] right, int size, ComputeThreads threads)
    {
        var product = new double[left.Length];
        ParallelRows.Run(threads, 0, size, (first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                for (var k = 0; k < size; k++)
                    DoubleVectors.AddScaled(right.AsSpan(k * size, size), left[(row * size) + k], product.AsSpan(row * size, size));
            }
        });
        return product;
    }

    /// <param name="transposed">[d, d] Pᵀ.</param>
    /// <param name="size">d.</param>
    /// <returns>[d, d] P in 8 bits, and [d] the scale of each row.</returns>
    private static (sbyte[] Codes, float[] Scale) Quantize(double[] transposed, int size)
    {
        var (codes, scale) = (new sbyte[transposed.Length], new float[size]);
        for (var row = 0; row < size; row++)
        {
            var max = 0.0;
            for (var column = 0; column < size; column++)
                max = Math.Max(max, Math.Abs(transposed[(column * size) + row]));
            scale[row] = Math.Max((float)(max / CodeMax), float.Epsilon);
            for (var column = 0; column < size; column++)
                codes[(row * size) + column] = (sbyte)Math.Clamp(Math.Round(transposed[(column * size) + row] / scale[row]), -CodeMax, CodeMax);
        }

        return (codes, scale);
    }

    private static float DeviationOf(double variance) => Math.Max((float)Math.Sqrt(Math.Max(variance, 0)), DeviationMin);

    private static float[] ToFloats(double[] values) => [.. values.Select(value => (float)value)];
}
