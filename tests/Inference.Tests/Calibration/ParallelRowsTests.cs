using SplitActors.Inference.Calibration;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Calibration;

/// <summary>Linear algebra in several chunks on several threads has the bits that it has on one.</summary>
public sealed class ParallelRowsTests : IDisposable
{
    private const int Size = 130; // chunks of 32 rows, the last one short

    private readonly ComputeThreads _threads = new(3);

    public void Dispose() => _threads.Dispose();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 4)]
    [InlineData(3, 35)]
    [InlineData(7, 200)]
    public void Run_AnyRange_VisitsEveryRowOnce(int first, int end)
    {
        var visits = new int[end];
        ParallelRows.Run(_threads, first, end, (from, to) =>
        {
            for (var row = from; row < to; row++)
                Interlocked.Increment(ref visits[row]);
        });
        Assert.Equal(Enumerable.Range(0, end).Select(row => row >= first ? 1 : 0), visits);
    }

    [Fact]
    public void Decompose_Threads_HasTheSameBits()
    {
        var covariance = Moments(threads: null).Covariance();
        var (values, vectors) = SymmetricEigen.Decompose([.. covariance], Size);
        var (sharedValues, sharedVectors) = SymmetricEigen.Decompose([.. covariance], Size, _threads);
        Assert.Equal(values, sharedValues);
        Assert.Equal(vectors, sharedVectors);
    }

    [Fact]
    public void Add_Threads_HasTheSameBits() => Assert.Equal(Moments(threads: null).CrossCovariance(), Moments(_threads).CrossCovariance());

    [Fact]
    public void Solve_Threads_HasTheSameBits()
    {
        var moments = Moments(threads: null);
        var (inputs, cross) = (moments.EmbeddingCovariance(), moments.CrossCovariance());
        Assert.Equal(RidgeRegression.Solve(inputs, cross, Size, ComputeThreads.Single), RidgeRegression.Solve(inputs, cross, Size, _threads));
    }

    [Fact]
    public void Intensity_Threads_HasTheSameBits()
    {
        var (mean, covariance) = (new double[Size], Moments(threads: null).Covariance());
        Assert.Equal(Shrinkage(ComputeThreads.Single).Intensity(covariance, mean), Shrinkage(_threads).Intensity(covariance, mean));
    }

    private static CovarianceShrinkage Shrinkage(ComputeThreads threads)
    {
        var shrinkage = new CovarianceShrinkage(Size, threads);
        for (var window = 0; window < 3; window++)
            shrinkage.Add(Values(seed: window, 70), [.. Enumerable.Repeat(1.0, 70)]);
        return shrinkage;
    }

    private static WeightedMoments Moments(ComputeThreads? threads)
    {
        var moments = new WeightedMoments(Size, withProducts: true, withEmbeddings: true, threads);
        moments.Add(Values(seed: 1, 150), Values(seed: 2, 150));
        return moments;
    }

    private static float[] Values(int seed, int rows)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, rows * Size).Select(_ => (float)(random.NextDouble() - 0.5))];
    }
}
