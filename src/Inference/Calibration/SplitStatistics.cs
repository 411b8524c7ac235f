namespace SplitActors.Inference.Calibration;

/// <summary>Turns the moments of a text into what a calibration stores.</summary>
internal static class SplitStatistics
{
    private const float DeviationMin = 1e-6f; // a column that never changes
    private const int CodeMax = sbyte.MaxValue;

    /// <param name="moments">With products if either is wanted, with embeddings if <paramref name="withPrediction"/>.</param>
    /// <param name="withKarhunenLoeve">Whether to find the eigenvectors of the hidden state's covariance.</param>
    /// <param name="withPrediction">Whether to predict from embeddings, and to find the eigenvectors of the residual's covariance.</param>
    /// <param name="progress">Told the share of each decomposition.</param>
    public static SplitTensors Of(WeightedMoments moments, bool withKarhunenLoeve, bool withPrediction, IProgress<double>? progress)
    {
        var covariance = withKarhunenLoeve || withPrediction ? moments.Covariance() : [];
        var prediction = withPrediction ? Predict(moments, covariance, progress) : null;
        return new SplitTensors(
            ToFloats(moments.Mean), [.. moments.Variances.Select(DeviationOf)], withKarhunenLoeve ? BasisOf(covariance, moments.Size, progress) : null, prediction);
    }

    private static KarhunenLoeveBasis BasisOf(double[] covariance, int size, IProgress<double>? progress)
    {
        var (values, vectors) = SymmetricEigen.Decompose(covariance, size, progress);
        return new KarhunenLoeveBasis([.. vectors.Select(value => BitConverter.HalfToUInt16Bits((Half)value))], [.. values.Select(DeviationOf)]);
    }

    private static EmbeddingPrediction Predict(WeightedMoments moments, double[] covariance, IProgress<double>? progress)
    {
        var size = moments.Size;
        var inputs = moments.EmbeddingCovariance();
        var cross = moments.CrossCovariance();
        var (codes, scale) = Quantize(RidgeRegression.Solve(inputs, cross, size), size);
        var bias = moments.Mean;
        var embeddingMean = moments.EmbeddingMean;
        var weights = new double[size * size]; // P as it is stored, a row per element of h
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = codes[i] * scale[i / size];
            bias[i / size] -= weights[i] * embeddingMean[i % size];
        }

        var residual = Residual(covariance, weights, inputs, cross, size);
        return new EmbeddingPrediction(codes, scale, ToFloats(bias), BasisOf(residual, size, progress));
    }

    /// <summary>Covariance of h − P·e: C_hh − P·C_eh − (P·C_eh)ᵀ + P·C_ee·Pᵀ.</summary>
    private static double[] Residual(double[] covariance, double[] weights, double[] inputs, double[] cross, int size)
    {
        var predicted = Multiply(weights, cross, size);                        // P·C_eh
        var spread = Multiply(weights, inputs, size);                          // P·C_ee
        var residual = new double[covariance.Length];
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column <= row; column++)
            {
                var square = DoubleVectors.Dot(spread.AsSpan(row * size, size), weights.AsSpan(column * size, size));
                var value = covariance[(row * size) + column] - predicted[(row * size) + column] - predicted[(column * size) + row] + square;
                residual[(row * size) + column] = residual[(column * size) + row] = value;
            }
        }

        return residual;
    }

    private static double[] Multiply(double[] left, double[] right, int size)
    {
        var product = new double[left.Length];
        for (var row = 0; row < size; row++)
        {
            for (var k = 0; k < size; k++)
                DoubleVectors.AddScaled(right.AsSpan(k * size, size), left[(row * size) + k], product.AsSpan(row * size, size));
        }

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
