using SplitActors.Inference.Calibration;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Calibration;

public class SplitStatisticsTests
{
    private const int Size = 16;
    private const int TokenCount = 4000;
    private const int WindowTokens = 100;

    [Fact]
    public void Of_StatesThatFollowFromEmbeddings_PredictsThem()
    {
        var (hidden, embeddings) = Linear(noise: 0.05);
        var tensors = Calibrate(hidden, embeddings);
        var weights = tensors.Prediction!.Weights();
        var (explained, all) = (0.0, 0.0);
        for (var token = 0; token < TokenCount; token++)
        {
            for (var row = 0; row < Size; row++)
            {
                double predicted = tensors.Prediction.Bias[row];
                for (var column = 0; column < Size; column++)
                    predicted += weights[(row * Size) + column] * embeddings[(token * Size) + column];
                var value = hidden[(token * Size) + row];
                explained += Math.Pow(value - predicted, 2);
                all += Math.Pow(value - tensors.Mean[row], 2);
            }
        }

        Assert.InRange(explained / all, 0, 0.01);
        Assert.True(tensors.Prediction.Residual.Deviation.Sum() < 0.2 * tensors.KarhunenLoeve!.Deviation.Sum());
    }

    [Fact]
    public void Of_AnyStates_StoresABasisOrthonormalWithin2ToTheMinus9()
    {
        var (hidden, embeddings) = Linear(noise: 1);
        var vectors = Calibrate(hidden, embeddings).KarhunenLoeve!.Vectors.Select(bits => (double)BitConverter.UInt16BitsToHalf(bits)).ToArray();
        for (var i = 0; i < Size; i++)
        {
            for (var j = 0; j <= i; j++)
                Assert.InRange(DoubleVectors.Dot(vectors.AsSpan(i * Size, Size), vectors.AsSpan(j * Size, Size)) - (i == j ? 1 : 0), -1.0 / 512, 1.0 / 512);
        }
    }

    [Fact]
    public void Add_TokensThatAreNotFinite_DoNotCount()
    {
        var moments = new WeightedMoments(2, withProducts: false, withEmbeddings: false);
        moments.Add([float.NaN, 1, 0, 0, 3, 4], []);
        Assert.Equal(1, moments.TokenCount);
        Assert.Equal([3.0, 4], moments.Mean);
    }

    private static SplitTensors Calibrate(float[] hidden, float[] embeddings)
    {
        var sample = new SplitSample(Size, withCovariance: true, withEmbeddings: true, ComputeThreads.Single);
        for (var token = 0; token < TokenCount; token += WindowTokens)
            sample.Add(hidden.AsSpan(token * Size, WindowTokens * Size), embeddings.AsSpan(token * Size, WindowTokens * Size));
        Assert.Equal(TokenCount, sample.Moments.TokenCount);
        var covariance = sample.Moments.Covariance();
        Assert.Equal(Enumerable.Range(0, Size).Select(i => covariance[(i * Size) + i]), sample.Moments.Variances);
        return SplitStatistics.Of(sample, withKarhunenLoeve: true, withPrediction: true, ComputeThreads.Single, progress: null);
    }

    /// <summary>h = 2 + A·e + noise.</summary>
    private static (float[] Hidden, float[] Embeddings) Linear(double noise)
    {
        var random = new Random(9);
        var matrix = Enumerable.Range(0, Size * Size).Select(_ => Normal(random)).ToArray();
        var embeddings = Enumerable.Range(0, TokenCount * Size).Select(_ => (float)Normal(random)).ToArray();
        var hidden = new float[TokenCount * Size];
        for (var i = 0; i < hidden.Length; i++)
        {
            var sum = 2 + (noise * Normal(random));
            for (var k = 0; k < Size; k++)
                sum += matrix[(i % Size * Size) + k] * embeddings[(i / Size * Size) + k];
            hidden[i] = (float)sum;
        }

        return (hidden, embeddings);
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
