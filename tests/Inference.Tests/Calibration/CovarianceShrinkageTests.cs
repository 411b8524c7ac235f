using SplitActors.Inference.Calibration;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Calibration;

public sealed class CovarianceShrinkageTests
{
    /// <summary>
    /// Windows of covariance diag(1, 0) and diag(4, 0): S = diag(2.5, 0), β² = 2·1.5² ÷ (2·1) = 2.25, δ² = ‖S − 1.25·1‖² = 3.125, so ρ = 0.72.
    /// </summary>
    [Fact]
    public void Intensity_TwoWindows_IsTheOneByHand()
    {
        var shrinkage = Of(2, [1, 0, -1, 0], [2, 0, -2, 0]);
        Assert.Equal(0.72, shrinkage.Intensity([2.5, 0, 0, 0], [0, 0]), 1e-12);
    }

    /// <summary>As above; the windows' common mean does not count.</summary>
    [Fact]
    public void Intensity_LargeMean_IsThatWithout()
    {
        var shrinkage = Of(2, [1001, 7, 999, 7], [1002, 7, 998, 7]);
        Assert.Equal(0.72, shrinkage.Intensity([2.5, 0, 0, 0], [1000, 7]), 1e-9);
    }

    /// <summary>Windows of diag(1, 0) and diag(0, 1): S is already μ·1, so there is nothing to tell from noise.</summary>
    [Fact]
    public void Intensity_NoiseAlone_IsOne() => Assert.Equal(1, Of(2, [1, 0, -1, 0], [0, 1, 0, -1]).Intensity([0.5, 0, 0, 0.5], [0, 0]));

    [Fact]
    public void Intensity_WindowsAlike_IsZero() => Assert.Equal(0, Of(2, [1, 0, -1, 0], [1, 0, -1, 0]).Intensity([1, 0, 0, 0], [0, 0]));

    [Fact]
    public void Intensity_OneWindow_IsZero() => Assert.Equal(0, Of(2, [1, 0, -1, 0]).Intensity([1, 0, 0, 0], [0, 0]));

    /// <summary>Tokens that repeat what the window has say nothing new: per token they would count as independent, and ρ would be an eighth.</summary>
    [Fact]
    public void Intensity_RepeatedTokens_KnowsNoMore()
    {
        float[][] windows = [[1, 0, -1, 0], [2, 0, -2, 0]];
        float[][] repeated = [.. windows.Select(window => Enumerable.Repeat(window, 8).SelectMany(values => values).ToArray())];
        Assert.Equal(0.72, Of(2, repeated).Intensity([2.5, 0, 0, 0], [0, 0]), 1e-12);
    }

    /// <summary>White noise of fewer tokens than columns: S has zero eigenvalues, the shrunk one has none below ρ·μ.</summary>
    [Fact]
    public void Shrink_FewerTokensThanColumns_HasNoZeroEigenvalue()
    {
        const int Size = 32, Tokens = 4, Windows = 6;
        var random = new Random(3);
        var moments = new WeightedMoments(Size, withProducts: true, withEmbeddings: false);
        var windows = Enumerable.Range(0, Windows).Select(_ => Enumerable.Range(0, Tokens * Size).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray()).ToArray();
        foreach (var window in windows)
            moments.Add(window, []);
        var covariance = moments.Covariance();
        var intensity = Of(Size, windows).Intensity(covariance, moments.Mean);
        Assert.InRange(intensity, 0.5, 1);
        Assert.InRange(SymmetricEigen.Decompose([.. covariance], Size).Values.Min(), -1e-12, 1e-12);

        var mean = Enumerable.Range(0, Size).Average(i => covariance[(i * Size) + i]);
        CovarianceShrinkage.Shrink(covariance, Size, intensity);

        Assert.Equal(mean, Enumerable.Range(0, Size).Average(i => covariance[(i * Size) + i]), 1e-12);
        Assert.Equal(intensity * mean, SymmetricEigen.Decompose(covariance, Size).Values.Min(), 1e-9);
    }

    /// <summary>Rows of weight 1 each, or 1/RMS² where that is asked for by more columns than two.</summary>
    private static CovarianceShrinkage Of(int size, params float[][] windows)
    {
        var shrinkage = new CovarianceShrinkage(size, ComputeThreads.Single);
        foreach (var window in windows)
            shrinkage.Add(window, [.. window.Chunk(size).Select(row => size == 2 ? 1 : size / row.Sum(value => (double)value * value))]);
        return shrinkage;
    }
}
