namespace SplitActors.Inference.Calibration;

/// <summary>
/// Sums over tokens of hidden states h and embeddings e, each token weighed by 1/RMS(h)²: the codec's step follows the RMS, so this is the spread that it sees.
/// </summary>
/// <param name="size">d.</param>
/// <param name="withEmbeddings">Whether e takes part.</param>
internal sealed class WeightedMoments(int size, bool withEmbeddings)
{
    private readonly double[] _hidden = new double[size];                                        // Σ w·h
    private readonly double[] _hiddenProducts = new double[size * size];                         // Σ w·h·hᵀ
    private readonly double[] _embedding = new double[size];                                     // Σ w·e
    private readonly double[] _embeddingProducts = new double[withEmbeddings ? size * size : 0]; // Σ w·e·eᵀ
    private readonly double[] _crossProducts = new double[withEmbeddings ? size * size : 0];     // Σ w·e·hᵀ
    private readonly double[] _h = new double[size];
    private readonly double[] _e = new double[size];
    private double _weight;                                                                      // Σ w

    public int Size => size;

    public long TokenCount { get; private set; }

    /// <summary>[d] Weighted mean of h.</summary>
    public double[] Mean => [.. _hidden.Select(sum => sum / _weight)];

    /// <summary>[d] Weighted mean of e.</summary>
    public double[] EmbeddingMean => [.. _embedding.Select(sum => sum / _weight)];

    /// <param name="hidden">[d]; tokens of zeros or of values that are not finite do not count.</param>
    /// <param name="embedding">[d]</param>
    public void Add(ReadOnlySpan<float> hidden, ReadOnlySpan<float> embedding)
    {
        Widen(hidden, _h);
        var weight = size / DoubleVectors.Dot(_h, _h);
        if (!double.IsFinite(weight))
            return;
        TokenCount++;
        _weight += weight;
        DoubleVectors.AddScaled(_h, weight, _hidden);
        for (var row = 0; row < size; row++)
            AddProduct(_hiddenProducts, row, weight * _h[row], _h);
        if (!withEmbeddings)
            return;
        Widen(embedding, _e);
        DoubleVectors.AddScaled(_e, weight, _embedding);
        for (var row = 0; row < size; row++)
        {
            AddProduct(_embeddingProducts, row, weight * _e[row], _e);
            AddProduct(_crossProducts, row, weight * _e[row], _h);
        }
    }

    /// <summary>[d, d] Σ w·(h − mean)·(h − mean)ᵀ ÷ tokens: the covariance of h ÷ RMS(h).</summary>
    public double[] Covariance() => Centred(_hiddenProducts, _hidden, _hidden);

    /// <summary>[d, d] As <see cref="Covariance"/>, of e.</summary>
    public double[] EmbeddingCovariance() => Centred(_embeddingProducts, _embedding, _embedding);

    /// <summary>[d, d] A row per element of e.</summary>
    public double[] CrossCovariance() => Centred(_crossProducts, _embedding, _hidden);

    private double[] Centred(double[] products, double[] left, double[] right)
    {
        var covariance = new double[size * size];
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column < size; column++)
                covariance[(row * size) + column] = (products[(row * size) + column] - (left[row] * right[column] / _weight)) / TokenCount;
        }

        return covariance;
    }

    private void AddProduct(double[] products, int row, double factor, double[] values) =>
        DoubleVectors.AddScaled(values, factor, products.AsSpan(row * size, size));

    private static void Widen(ReadOnlySpan<float> from, double[] to)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = from[i];
    }
}
