using SplitActors.Hosts.Cli;
using SplitActors.Inference;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class LinkTextTests
{
    [Theory]
    [InlineData("rayleigh:bw=10MHz,snr=10", 10e6, 10, 1e-3, 0)]
    [InlineData("rayleigh:bw=10MHz,snr=10dB,rtt=4ms", 10e6, 10, 1e-3, 0.002)]
    [InlineData("rayleigh:snr=0.5,bw=200kHz,eps=1%", 200e3, 0.5, 0.01, 0)]
    public void Rayleigh_IsTheChannelAtItsBestRate(string text, double bandwidthHz, double snr, double outage, double delaySeconds)
    {
        var link = new RayleighLink(new RayleighChannel(bandwidthHz, snr), outage, delaySeconds: delaySeconds);
        var parsed = LinkText.Parse(text, "--link").Profile;

        Assert.Equal(link.Rate.BitsPerSecond, parsed.Up.BitsPerSecond, 1e-6 * link.Rate.BitsPerSecond);
        Assert.Equal(link.WorstCaseSeconds(1000), parsed.Up.WorstCaseSeconds(1000), 1e-9);
        Assert.Equal(link.ExpectedSeconds(1000), parsed.Down.ExpectedSeconds(1000), 1e-9);
    }

    [Theory]
    [InlineData("bandwidth=5Mbit,rtt=20ms", 5e6, 5e6, 20, 0)]
    [InlineData("measured:bandwidth=800kbit,rtt=0.1s,loss=1%", 800e3, 800e3, 100, 0.01)]
    [InlineData("rtt=500us,bandwidth=1Gbit,down=2.5Gbit,loss=0.002", 1e9, 2.5e9, 0.5, 0.002)]
    [InlineData("wifi", 15e6, 30e6, 2, 0)]
    [InlineData("lte", 3e6, 4e6, 20, 0)]
    [InlineData("lan", 1e9, 1e9, 0.3, 0)]
    public void Figures_AreTaken(string text, double up, double down, double roundTripMs, double loss)
    {
        var parsed = LinkText.Parse(text, "--link").Profile;

        Assert.Equal((up, down), (parsed.Up.BitsPerSecond, parsed.Down.BitsPerSecond));
        Assert.Equal(roundTripMs, parsed.RoundTrip.TotalMilliseconds, 1e-6);
        Assert.Equal((loss, loss), (parsed.Up.FailureProbability, parsed.Down.FailureProbability));
    }

    [Theory]
    [InlineData("wifi", 1)]
    [InlineData("rayleigh:bw=1MHz,snr=1,seed=0", 0)]
    [InlineData("bandwidth=1Mbit,rtt=1ms,seed=18446744073709551615", ulong.MaxValue)]
    public void Seed_IsTaken(string text, ulong seed) => Assert.Equal(seed, LinkText.Parse(text, "--link").Seed);

    [Theory]
    [InlineData("", "--link")]
    [InlineData("WIFI", "--link")]
    [InlineData("rayleigh", "--link")]
    [InlineData("rayleigh:", "--link")]
    [InlineData("rayleigh:bw=10MHz,snr=10,loss=1%", "--link")]
    [InlineData("rayleigh:bw=-1MHz,snr=10", "--link, bw")]
    [InlineData("rayleigh:bw=10MHz,snr=0", "--link, snr")]
    [InlineData("rayleigh:bw=10MHz,snr=61dB", "--link, snr")]
    [InlineData("rayleigh:bw=10MHz,snr=10,eps=0", "--link, eps")]
    [InlineData("bandwidth=5Mbit,bandwidth=6Mbit,rtt=1ms", "--link")]
    [InlineData("bandwidth=nanMbit,rtt=1ms", "--link, bandwidth")]
    [InlineData("bandwidth=5Mbit,rtt=-1ms", "--link, rtt")]
    [InlineData("bandwidth=5Mbit,rtt=61s", "--link, rtt")]
    [InlineData("bandwidth=5Mbit,rtt=1ms,seed=-1", "--link, seed")]
    [InlineData("bandwidth=5Mbit,rtt=1ms,", "--link")]
    public void AnythingElse_IsRefusedNamingThePart(string text, string place)
    {
        var error = Assert.Throws<UserErrorException>(() => LinkText.Parse(text, "--link"));

        Assert.StartsWith($"{place}:", error.Message, StringComparison.Ordinal);
    }
}
