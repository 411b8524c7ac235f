using SplitActors.Inference.Calibration;

namespace SplitActors.Inference.Tests.Calibration;

public sealed class WeightedMomentsTests
{
    private const int Size = 8;

    /// <summary>One such value once made NaN of every sum: a weight of 0 times infinity.</summary>
    [Theory]
    [InlineData(float.PositiveInfinity, false)]
    [InlineData(float.NegativeInfinity, false)]
    [InlineData(float.NaN, false)]
    [InlineData(float.PositiveInfinity, true)]
    [InlineData(float.NaN, true)]
    public void Add_ValueThatIsNotFinite_LeavesItsTokenOut(float value, bool isInEmbedding)
    {
        var (clean, spoilt) = (Moments(), Moments());
        for (var token = 0; token < 40; token++)
        {
            var (hidden, embedding) = (Row(2 * token), Row((2 * token) + 1));
            clean.Add(hidden, embedding);
            spoilt.Add(hidden, embedding);
            if (token % 7 != 3)
                continue;
            (isInEmbedding ? embedding : hidden)[5] = value;
            spoilt.Add(hidden, embedding);
        }

        Assert.Equal(40, spoilt.TokenCount);
        Assert.Equal(clean.Mean, spoilt.Mean);
        Assert.Equal(clean.EmbeddingMean, spoilt.EmbeddingMean);
        Assert.Equal(clean.Variances, spoilt.Variances);
        Assert.Equal(clean.Covariance(), spoilt.Covariance());
        Assert.Equal(clean.EmbeddingCovariance(), spoilt.EmbeddingCovariance());
        Assert.Equal(clean.CrossCovariance(), spoilt.CrossCovariance());
    }

    [Fact]
    public void Add_TokenOfZeros_IsLeftOut()
    {
        var moments = Moments();
        moments.Add(new float[Size], Row(1));
        Assert.Equal(0, moments.TokenCount);
    }

    private static WeightedMoments Moments() => new(Size, withProducts: true, withEmbeddings: true);

    private static float[] Row(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Size).Select(_ => random.NextSingle() - 0.3f)];
    }
}
