using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Calibration;

/// <summary>
/// Sums over tokens of hidden states h and embeddings e, each token weighed by 1/RMS(h)²: the codec's step follows the RMS, so this is the spread that it sees.
/// </summary>
/// <param name="size">d.</param>
/// <param name="withProducts">Whether covariances are wanted, not variances alone.</param>
/// <param name="withEmbeddings">Whether e takes part, too.</param>
/// <param name="threads">Share the rows of the products; null for the calling thread alone.</param>
internal sealed class WeightedMoments(int size, bool withProducts, bool withEmbeddings, ComputeThreads? threads = null)
{
    private const int BlockTokens = 16; // a row of products stays in the cache for so many tokens

    private readonly double[] _hidden = new double[size];                                        // Σ w·h
    private readonly double[] _hiddenSquares = new double[size];                                 // Σ w·h²
    private readonly double[] _hiddenProducts = new double[withProducts ? size * size : 0];      // Σ w·h·hᵀ
    private readonly double[] _embedding = new double[size];                                     // Σ w·e
    private readonly double[] _embeddingProducts = new double[withEmbeddings ? size * size : 0]; // Σ w·e·eᵀ
    private readonly double[] _crossProducts = new double[withEmbeddings ? size * size : 0];     // Σ w·e·hᵀ
    private readonly double[] _h = new double[BlockTokens * size];                               // [tokens, d]
    private readonly double[] _e = new double[withEmbeddings ? BlockTokens * size : 0];          // [tokens, d]
    private readonly double[] _weights = new double[BlockTokens];
    private double _weight;                                                                      // Σ w

    public int Size => size;

    public long TokenCount { get; private set; }

    /// <summary>[d] Weighted mean of h.</summary>
    public double[] Mean => [.. _hidden.Select(sum => sum / _weight)];

    /// <summary>[d] Weighted mean of e.</summary>
    public double[] EmbeddingMean => [.. _embedding.Select(sum => sum / _weight)];

    /// <param name="hidden">[n, d]; tokens of zeros or of values that are not finite do not count.</param>
    /// <param name="embeddings">[n, d]; ignored where they do not take part.</param>
    public void Add(ReadOnlySpan<float> hidden, ReadOnlySpan<float> embeddings)
    {
        var count = 0;
        for (var start = 0; start < hidden.Length; start += size)
        {
            var h = _h.AsSpan(count * size, size);
            Widen(hidden.Slice(start, size), h);
            var e = withEmbeddings ? _e.AsSpan(count * size, size) : [];
            if (withEmbeddings)
                Widen(embeddings.Slice(start, size), e);
            var squares = DoubleVectors.Dot(h, h);
            if (!(squares > 0 && double.IsFinite(squares)) || !double.IsFinite(DoubleVectors.Dot(e, e)))
                continue; // a weight of 0 would not do: 0·∞ is NaN, and stays in every sum
            _weights[count] = size / squares;
            if (++count == BlockTokens)
                count = AddBlock(count);
        }

        _ = AddBlock(count);
    }

    /// <summary>[d] The diagonal of <see cref="Covariance"/>.</summary>
    public double[] Variances => [.. _hiddenSquares.Select((square, i) => (square - (_hidden[i] * _hidden[i] / _weight)) / TokenCount)];

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

    /// <returns>Tokens that are left to add: none.</returns>
    private int AddBlock(int count)
    {
        for (var token = 0; token < count; token++)
        {
            var weight = _weights[token];
            TokenCount++;
            _weight += weight;
            var hidden = _h.AsSpan(token * size, size);
            DoubleVectors.AddScaled(hidden, weight, _hidden);
            for (var i = 0; i < size; i++)
                _hiddenSquares[i] += hidden[i] * (weight * hidden[i]);
            if (withEmbeddings)
                DoubleVectors.AddScaled(_e.AsSpan(token * size, size), weight, _embedding);
        }

        if (withProducts)
            AddProducts(_hiddenProducts, _h, _h, count);
        if (!withEmbeddings)
            return 0;
        AddProducts(_embeddingProducts, _e, _e, count);
        AddProducts(_crossProducts, _e, _h, count);
        return 0;
    }

    /// <summary>products += Σ w·left·rightᵀ</summary>
    private void AddProducts(double[] products, double[] left, double[] right, int count) =>
        ParallelRows.Run(threads ?? ComputeThreads.Single, 0, size, (first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                var target = products.AsSpan(row * size, size);
                for (var token = 0; token < count; token++)
                    DoubleVectors.AddScaled(right.AsSpan(token * size, size), _weights[token] * left[(token * size) + row], target);
            }
        });

    private static void Widen(ReadOnlySpan<float> from, Span<double> to)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = from[i];
    }
}
