using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Tests.Deadlines;

/// <summary>What a session's device measures and reports of the link that it is on.</summary>
public sealed class MeasuredSessionTests
{
    public static TheoryData<double, double> Links => new()
    {
        { 5e6, 20 },
        { 100e6, 4 },
        { 0.3e6, 100 },
        { 20e6, 1 },
    };

    [Theory]
    [MemberData(nameof(Links))]
    public async Task LosslessLink_IsMeasuredExactly(double bitsPerSecond, double roundTripMs)
    {
        var report = await RunAsync(seed: 1, LinkProfile.Of(bitsPerSecond, bitsPerSecond, TimeSpan.FromMilliseconds(roundTripMs)));

        Assert.Equal(bitsPerSecond, report.Measured.BitsPerSecond, 0.01 * bitsPerSecond);
        Assert.Equal(roundTripMs * 1e3, report.Measured.RoundTripUs, tolerance: 10.0);
        Assert.Equal(0, report.Measured.Loss);
        Assert.InRange(report.LinkUsWorst, roundTripMs * 1e3, (roundTripMs * 1e3) + (400 * 8e6 / bitsPerSecond));
    }

    /// <summary>A failure names its seed.</summary>
    [Fact]
    public async Task LossyLinks_AreMeasuredWithinTheirStatedErrors()
    {
        const double loss = 0.03;
        var lossSum = 0.0;
        for (var seed = 1ul; seed <= 20; seed++)
        {
            var measured = (await RunAsync(seed, LinkProfile.Of(5e6, 5e6, TimeSpan.FromMilliseconds(20), loss))).Measured;
            var bytesUs = measured.BitsPerSecond > 0 ? 0 : 400; // about 250 bytes, where the bandwidth is not to be told
            Assert.True(Math.Abs(measured.RoundTripUs - 20e3 - bytesUs) <= Math.Max(100, 4 * measured.RoundTripUsError), $"Seed {seed}: {measured}");
            Assert.True(Math.Abs(measured.Loss - loss) <= Math.Max(loss, 4 * measured.LossError), $"Seed {seed}: {measured}");
            lossSum += measured.Loss;
        }

        Assert.Equal(loss, lossSum / 20, 0.01);
    }

    /// <summary>What the channel repeats at once takes bandwidth: the measured one is R·(1 − P). A failure names its seed.</summary>
    [Fact]
    public async Task RayleighLinks_AreMeasuredByWhatGetsThrough()
    {
        var profile = LinkProfile.Rayleigh(new RayleighChannel(1e6, 10), TimeSpan.FromMilliseconds(10));
        var throughput = profile.Up.BitsPerSecond * (1 - profile.Up.FailureProbability);
        for (var seed = 1ul; seed <= 20; seed++)
        {
            var report = await RunAsync(seed, profile);
            var measured = report.Measured;
            Assert.True(Math.Abs(measured.BitsPerSecond - throughput) <= 4 * measured.BitsPerSecondError, $"Seed {seed}: {measured} instead of {throughput}");
            Assert.True(Math.Abs(measured.RoundTripUs - 10e3) <= 4 * measured.RoundTripUsError, $"Seed {seed}: {measured}");
        }
    }

    [Fact]
    public async Task LostMessages_AreMeasuredAsLost()
    {
        await using var world = new DeadlineWorld(3, LinkProfile.Of(5e6, 5e6, TimeSpan.FromMilliseconds(20)));
        world.StartWorker(1, TimeSpan.FromMilliseconds(5), TimeSpan.FromMicroseconds(50));
        var stepCount = 0;
        world.Network.Replace = message => message.Body is DecodeStep && ++stepCount % 20 == 0 ? null : message.Body;
        var session = world.StartSession(1, deadline: null, TimeSpan.FromMilliseconds(3), promptCount: 10, generatedCount: 300);
        Assert.True(world.Driver.RunUntil(() => session.Ended is not null, TimeSpan.FromMinutes(10)));

        var measured = world.Network.Bodies<LinkReport>().Last().Measured;
        Assert.Equal(0.025, measured.Loss, 4 * measured.LossError); // one of twenty in one of two directions
        Assert.Equal(20e3, measured.RoundTripUs, tolerance: 50.0); // what was sent twice says nothing of it
    }

    private static async Task<LinkReport> RunAsync(ulong seed, LinkProfile profile)
    {
        await using var world = new DeadlineWorld(seed, profile);
        world.StartWorker(1, TimeSpan.FromMilliseconds(5), TimeSpan.FromMicroseconds(50));
        var session = world.StartSession(1, deadline: null, TimeSpan.FromMilliseconds(3), promptCount: 10, generatedCount: 300);
        Assert.True(world.Driver.RunUntil(() => session.Ended is not null, TimeSpan.FromMinutes(10)));
        return world.Network.Bodies<LinkReport>().Last();
    }
}
