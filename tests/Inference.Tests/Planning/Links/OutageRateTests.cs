using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Planning.Links;

using Property = SplitActors.Inference.Tests.Compression.Property;

namespace SplitActors.Inference.Tests.Planning.Links;

/// <summary>Equations 9, 10 and 13 of [2511.04002] against brute force.</summary>
public sealed class OutageRateTests
{
    private const int GridPoints = 20_000;
    private const int CaseCount = 300;

    /// <summary>The paper's channel: W = 10 MHz, γ = 10, ε = 0.001.</summary>
    private static readonly RayleighChannel Paper = new(10e6, 10);

    private static readonly Gen<Case> Cases =
        from bandwidth in Exponents(4, 9)
        from snr in Exponents(-1, 4)
        from target in Exponents(-9, -0.05)
        from rateMin in Exponents(2, 6)
        from range in Exponents(0, 5)
        select new Case(new RayleighChannel(bandwidth, snr), target, rateMin, rateMin * range);

    [Fact]
    public void OutageProbability_IsThatOfTheEquation() => Property.Holds(CaseCount, Cases, given =>
    {
        var rate = given.RateMin;
        var expected = 1 - Math.Exp(-(Math.Pow(2, rate / given.Channel.BandwidthHz) - 1) / given.Channel.SnrLinear);
        var found = given.Channel.OutageProbability(rate);
        Assert.Equal(expected, found, 1e-12);
        Assert.InRange(found, double.Epsilon, 1);
    });

    [Fact]
    public void RateAt_IsTheInverse() => Property.Holds(CaseCount, Cases, given =>
    {
        var rate = given.Channel.RateAt(given.Target);
        Assert.Equal(1, given.Channel.OutageProbability(rate) / given.Target, 1e-9);
    });

    /// <summary>A grid cannot be better, and as it becomes dense it is no worse.</summary>
    [Fact]
    public void Optimal_AgainstDenseGrid_IsNeverWorse() => Property.Holds(CaseCount, Cases, given =>
    {
        var best = OutageRate.Optimal(given.Channel, given.Target, given.RateMin, given.RateMax);
        var grid = Enumerable.Range(0, GridPoints + 1)
            .Select(i => given.RateMin * Math.Pow(given.RateMax / given.RateMin, (double)i / GridPoints))
            .Min(rate => WorstCaseSecondsPerBit(given, rate));
        Assert.InRange(best.BitsPerSecond, given.RateMin, given.RateMax);
        Assert.InRange(best.SecondsPerBit, 0, grid * (1 + 1e-9));
    });

    /// <summary>What it promises is what equation 9 says of its rate; just below it, where rounding cannot cost an attempt.</summary>
    [Fact]
    public void Optimal_IsWhatTheEquationSaysOfItsRate() => Property.Holds(CaseCount, Cases, given =>
    {
        var best = OutageRate.Optimal(given.Channel, given.Target, given.RateMin, given.RateMax);
        var justBelow = WorstCaseSecondsPerBit(given, best.BitsPerSecond * (1 - 1e-10));
        if (double.IsFinite(best.SecondsPerBit))
            Assert.Equal(1, justBelow / best.SecondsPerBit, best.Attempts < 1000 ? 1e-9 : 1e-3); // of many attempts, one may be saved just below
    });

    [Fact]
    public void Relaxed_IsTheBestOfTheRelaxedProblem() => Property.Holds(CaseCount, Cases, given =>
    {
        var rate = OutageRate.Relaxed(given.Channel, given.Target, given.RateMin, given.RateMax).BitsPerSecond;
        var best = Enumerable.Range(0, GridPoints + 1)
            .Select(i => given.RateMin * Math.Pow(given.RateMax / given.RateMin, (double)i / GridPoints))
            .Max(Gain);
        Assert.InRange(rate, given.RateMin, given.RateMax);
        Assert.InRange(Gain(rate), best * (1 - 1e-9), double.PositiveInfinity);

        double Gain(double r) => -r * LogOutage(given.Channel, r);
    });

    /// <summary>Attempts, rate in Mbit/s and ms per KiB, from the formula of each n in turn.</summary>
    [Fact]
    public void Optimal_PaperDefaults_AreThoseOfTheGoldenTable()
    {
        var table = Enumerable.Range(1, 6).Select(n => (Attempts: n, Rate: 10e6 * Math.Log2(1 - (10 * Math.Log(1 - Math.Pow(0.001, 1.0 / n)))))).ToArray();
        var expected = table.MinBy(row => row.Attempts / row.Rate);
        var found = OutageRate.Optimal(Paper, 0.001, 1, double.PositiveInfinity);

        Assert.Equal(expected.Attempts, found.Attempts);
        Assert.Equal(1, found.BitsPerSecond / expected.Rate, 1e-12);
        Assert.Equal(expected.Attempts / expected.Rate, found.SecondsPerBit, 1e-18);
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(1, 1, 2)]
    [InlineData(0.1, 0, 2)]
    [InlineData(0.1, 3, 2)]
    public void Optimal_ImpossibleRange_IsRefused(double target, double rateMin, double rateMax) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => OutageRate.Optimal(Paper, target, rateMin, rateMax));

    private static double WorstCaseSecondsPerBit(Case given, double rate)
    {
        var logOutage = LogOutage(given.Channel, rate);
        return logOutage < 0 ? Math.Max(1, Math.Ceiling(Math.Log(given.Target) / logOutage)) / rate : double.PositiveInfinity;
    }

    /// <summary>Of equation 10; where nearly every attempt fails, ln(1 − q) = −q − q²/2 − …</summary>
    private static double LogOutage(RayleighChannel channel, double rate)
    {
        var success = Math.Exp(-(Math.Pow(2, rate / channel.BandwidthHz) - 1) / channel.SnrLinear);
        return success < 1e-6 ? -success - (success * success / 2) : Math.Log(channel.OutageProbability(rate));
    }

    /// <summary>Powers of ten.</summary>
    private static Gen<double> Exponents(double least, double most) => Gen.Choose(0, 1_000_000).Select(i => Math.Pow(10, least + ((most - least) * i / 1e6)));

    private sealed record Case(RayleighChannel Channel, double Target, double RateMin, double RateMax);
}
