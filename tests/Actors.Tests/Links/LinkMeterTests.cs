using SplitActors.Actors.Links;

namespace SplitActors.Actors.Tests.Links;

public sealed class LinkMeterTests
{
    private const int RunCount = 100;

    /// <summary>The estimates lie within four of their own standard errors of the truth. A failure names its seed.</summary>
    [Fact]
    public void NoisyLinks_AreMeasuredWithinTheirStatedErrors()
    {
        for (var seed = 1ul; seed <= RunCount; seed++)
        {
            var random = new SplitMix64(seed);
            var bitsPerSecond = 0.5e6 * (1 + random.Next(40));
            var roundTrip = 0.002 * (1 + random.Next(50));
            var meter = new LinkMeter();
            for (var i = 0; i < 500; i++)
            {
                var byteCount = 100 + random.Next(1500);
                var noise = 5e-4 * Fraction(random);
                meter.RoundTrip(byteCount, roundTrip - 2.5e-4 + noise + (byteCount * 8 / bitsPerSecond));
            }

            var seen = meter.Observation!;
            AssertNear(seed, roundTrip, seen.RoundTripSeconds.Value, seen.RoundTripSeconds.StandardError);
            AssertNear(seed, bitsPerSecond, seen.BitsPerSecond!.Value.Value, seen.BitsPerSecond.Value.StandardError);
            Assert.InRange(seen.RoundTripSeconds.StandardError, 0, 1e-4);
            Assert.Equal(0, seen.LossProbability.Value);
        }
    }

    /// <summary>The first messages of a session are its longest, and on a busy machine its slowest.</summary>
    [Fact]
    public void RoundTripsWhoseLineBeginsBelowZero_DoNotTellTheBandwidth()
    {
        var meter = new LinkMeter();
        for (var i = 0; i < 12; i++)
            meter.RoundTrip(i < 4 ? 300 : 100, i < 4 ? 0.070 + (1e-4 * i) : 0.021 + (1e-4 * i));

        var seen = meter.Observation!;
        Assert.Null(seen.BitsPerSecond);
        Assert.InRange(seen.RoundTripSeconds.Value, 0.02, 0.07);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.05)]
    [InlineData(0.1)]
    public void RoundTripsWithARetransmission_CountAsLosses_AndDoNotRaiseTheDelay(double loss)
    {
        var (lossSum, errorSum) = (0.0, 0.0);
        for (var seed = 1ul; seed <= RunCount; seed++)
        {
            var random = new SplitMix64(seed);
            var meter = new LinkMeter();
            for (var i = 0; i < 1000; i++)
            {
                var repeats = Enumerable.Range(0, 2).Count(_ => Fraction(random) < loss);
                meter.RoundTrip(200 + random.Next(100), 0.02 * (1 + repeats));
            }

            var seen = meter.Observation!;
            Assert.InRange(seen.RoundTripSeconds.Value, 0.0199, 0.0215);
            Assert.InRange(seen.StepSecondsWorst, 0.0399, 0.2); // one retransmission at least
            lossSum += seen.LossProbability.Value;
            errorSum += seen.LossProbability.StandardError;
        }

        // Each run remembers about its last hundred messages.
        Assert.Equal(loss, lossSum / RunCount, 4 * errorSum / RunCount / Math.Sqrt(RunCount));
    }

    [Fact]
    public void MessagesOfOneSize_TellTheRoundTripOnly()
    {
        var meter = new LinkMeter();
        for (var i = 0; i < 50; i++)
            meter.RoundTrip(200, 0.025);

        Assert.Null(meter.Observation!.BitsPerSecond);
        Assert.Equal(0.025, meter.Observation.RoundTripSeconds.Value, 1e-9);
    }

    /// <summary>Sizes are too alike for the noise: what is left is the time of a step, with the error of a mean. A failure names its seed.</summary>
    [Fact]
    public void BandwidthInTheNoise_IsNotStated_AndTheRoundTripIsThatOfAStep()
    {
        for (var seed = 1ul; seed <= RunCount; seed++)
        {
            var random = new SplitMix64(seed);
            var meter = new LinkMeter();
            for (var i = 0; i < 400; i++)
                meter.RoundTrip(195 + random.Next(11), 0.02 + (200 * 8 / 50e6) + (2e-3 * (Fraction(random) - 0.5)));

            var seen = meter.Observation!;
            if (seen.BitsPerSecond is not null)
                continue; // noise that looks like a line: rarely
            Assert.InRange(seen.RoundTripSeconds.StandardError, 3e-5, 7e-5); // 2 ms/√12, over √199 samples
            AssertNear(seed, 0.02 + (200 * 8 / 50e6), seen.RoundTripSeconds.Value, seen.RoundTripSeconds.StandardError);
        }
    }

    [Fact]
    public void LinkThatGetsSlower_IsMeasuredAnew()
    {
        var meter = new LinkMeter();
        for (var i = 0; i < 200; i++)
            meter.RoundTrip(200 + (i % 7), 0.02);
        for (var i = 0; i < 20; i++)
            meter.RoundTrip(200 + (i % 7), 0.06);

        Assert.Equal(0.06, meter.Observation!.RoundTripSeconds.Value, 1e-6);
    }

    [Fact]
    public void LinkThatGetsSlower_IsWorseAtOnce()
    {
        var meter = new LinkMeter();
        for (var i = 0; i < 200; i++)
            meter.RoundTrip(200 + (i % 7), 0.02);
        meter.RoundTrip(200, 0.1);
        Assert.Equal(0.1, meter.Observation!.StepSecondsWorst, 1e-9);

        meter.RoundTrip(200, 0.02); // it was only a loss
        Assert.InRange(meter.Observation!.StepSecondsWorst, 0.02, 0.05);
    }

    [Fact]
    public void FirstRoundTrip_IsLeftOut()
    {
        var meter = new LinkMeter();
        meter.RoundTrip(5000, 1);
        Assert.Null(meter.Observation);
        meter.RoundTrip(200, 0.02);
        Assert.Equal(0.02, meter.Observation!.RoundTripSeconds.Value, 1e-9);
    }

    private static double Fraction(SplitMix64 random) => (random.Next() >> 11) * (1.0 / (1L << 53));

    private static void AssertNear(ulong seed, double expected, double actual, double standardError) =>
        Assert.True(Math.Abs(expected - actual) <= 4 * standardError, $"Seed {seed}: {actual} ± {standardError} instead of {expected}.");
}
