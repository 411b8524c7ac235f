using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Calibration;

/// <summary>What is gathered of the hidden states at one split, window by window, for everything that follows from them.</summary>
/// <param name="width">d</param>
/// <param name="withCovariance">Whether eigenvectors or predictions are wanted.</param>
/// <param name="withEmbeddings">Whether predictions are.</param>
/// <param name="threads">Compute.</param>
internal sealed class SplitSample(int width, bool withCovariance, bool withEmbeddings, ComputeThreads threads)
{
    private double[] _weights = []; // [n]

    public WeightedMoments Moments { get; } = new(width, withCovariance, withEmbeddings, threads);

    public MagnitudeHistogram Magnitudes { get; } = new(width);

    /// <summary>Null without covariance.</summary>
    public CovarianceShrinkage? HiddenShrinkage { get; } = withCovariance ? new CovarianceShrinkage(width, threads) : null;

    /// <summary>Null without embeddings.</summary>
    public CovarianceShrinkage? EmbeddingShrinkage { get; } = withEmbeddings ? new CovarianceShrinkage(width, threads) : null;

    /// <summary>What one split keeps until its statistics are found; its transforms take less.</summary>
    public static long BytesOf(int width, bool withCovariance, bool withEmbeddings) =>
        (long)width * width * sizeof(double) * (withEmbeddings ? 3 : withCovariance ? 1 : 0);

    /// <param name="hidden">[n, d] The same n in every window.</param>
    /// <param name="embeddings">[n, d]</param>
    public void Add(ReadOnlySpan<float> hidden, ReadOnlySpan<float> embeddings)
    {
        Moments.Add(hidden, embeddings);
        Magnitudes.Add(hidden);
        if (HiddenShrinkage is null)
            return;
        if (_weights.Length == 0)
            _weights = new double[hidden.Length / width];
        for (var row = 0; row < _weights.Length; row++)
            _weights[row] = Weight(hidden.Slice(row * width, width));
        HiddenShrinkage.Add(hidden, _weights);
        EmbeddingShrinkage?.Add(embeddings, _weights);
    }

    /// <summary>That of <see cref="WeightedMoments"/>, 1/RMS²; 0 for a token that does not count.</summary>
    private static double Weight(ReadOnlySpan<float> row)
    {
        var squares = 0.0;
        foreach (var value in row)
            squares += (double)value * value;
        var weight = row.Length / squares;
        return double.IsFinite(weight) ? weight : 0;
    }
}
