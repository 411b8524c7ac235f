using SplitActors.Inference.Planning.Links;

namespace SplitActors.Inference.Tests.Planning.Links;

public sealed class MeasuredLinkTests
{
    private const double Delay = 0.012;
    private const double SecondsPerByte = 1 / 250e3; // 2 Mbit/s

    private readonly Random _random = new(5);
    private readonly MeasuredLink _link = new(outageTarget: 0.01);

    [Fact]
    public void Estimate_NothingMeasured_IsNull()
    {
        Assert.Null(_link.Estimate());
        Assert.Equal(double.PositiveInfinity, _link.WorstCaseSeconds(100));
    }

    [Fact]
    public void Estimate_ExactLine_IsFound()
    {
        foreach (var bytes in Sizes(200))
            _link.Arrived(bytes, Delay + (bytes * SecondsPerByte));
        var found = _link.Estimate()!;
        Assert.Equal(Delay, found.DelaySeconds.Value, 1e-9);
        Assert.Equal(SecondsPerByte, found.SecondsPerByte.Value, 1e-12);
        Assert.Equal((0, 200), (found.LossProbability.Value, found.MessageCount));
        Assert.Equal(Delay + (1000 * SecondsPerByte), _link.WorstCaseSeconds(1000), 1e-8);
    }

    /// <summary>In 100 measured links, the truth lies within two standard errors about as often as it should.</summary>
    [Fact]
    public void Estimate_NoisyLine_IsWithinItsErrors()
    {
        var (delayHits, slopeHits) = (0, 0);
        for (var trial = 0; trial < 100; trial++)
        {
            var link = new MeasuredLink(0.01);
            foreach (var bytes in Sizes(400))
                link.Arrived(bytes, Delay + (bytes * SecondsPerByte) + Noise());
            var found = link.Estimate()!;
            delayHits += Math.Abs(found.DelaySeconds.Value - Delay - MeanNoise) <= 2 * found.DelaySeconds.StandardError ? 1 : 0;
            slopeHits += Math.Abs(found.SecondsPerByte.Value - SecondsPerByte) <= 2 * found.SecondsPerByte.StandardError ? 1 : 0;
        }

        Assert.InRange(delayHits, 85, 100);
        Assert.InRange(slopeHits, 85, 100);
    }

    /// <summary>Of further messages about as many are later as the target allows.</summary>
    [Fact]
    public void WorstCase_NoisyLine_IsSeldomExceeded()
    {
        foreach (var bytes in Sizes(600))
            _link.Arrived(bytes, Delay + (bytes * SecondsPerByte) + Noise());
        var late = Sizes(10_000).Count(bytes => Delay + (bytes * SecondsPerByte) + Noise() > _link.WorstCaseSeconds(bytes));
        Assert.InRange(late, 1, 300);
    }

    [Fact]
    public void Estimate_LinkBecomesSlower_Follows()
    {
        foreach (var bytes in Sizes(1000))
            _link.Arrived(bytes, Delay + (bytes * SecondsPerByte));
        foreach (var bytes in Sizes(800))
            _link.Arrived(bytes, (5 * Delay) + (bytes * SecondsPerByte * 3));
        Assert.Equal(3 * SecondsPerByte, _link.Estimate()!.SecondsPerByte.Value, 0.01 * SecondsPerByte);
    }

    [Fact]
    public void Lost_EveryTwentieth_CountsAsLossAndTakesTime()
    {
        foreach (var bytes in Sizes(2000))
        {
            _link.Arrived(bytes, Delay);
            if (_link.Estimate()!.MessageCount % 19 == 0)
                _link.Lost();
        }

        var found = _link.Estimate()!;
        Assert.InRange(found.LossProbability.Value, 0.03, 0.07);
        Assert.InRange(_link.ExpectedSeconds(100), Delay * 1.03, Delay * 1.08);
        Assert.Equal(2 * Delay, _link.WorstCaseSeconds(100), 1e-9); // both attempts fail less often than once in a hundred times
    }

    [Fact]
    public void Estimate_OneSize_HasNoSlope()
    {
        for (var i = 0; i < 10; i++)
            _link.Arrived(100, 0.5);
        var found = _link.Estimate()!;
        Assert.Equal((0.5, 0, double.PositiveInfinity), (Math.Round(found.DelaySeconds.Value, 9), found.SecondsPerByte.Value, found.SecondsPerByte.StandardError));
    }

    private static double MeanNoise => 0.001;

    /// <summary>Exponential: most messages are punctual, a few much later.</summary>
    private double Noise() => -MeanNoise * Math.Log(1 - _random.NextDouble());

    private int[] Sizes(int count) => [.. Enumerable.Range(0, count).Select(_ => _random.Next(60, 6000))];
}
