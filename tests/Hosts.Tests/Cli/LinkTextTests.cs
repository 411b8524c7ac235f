using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Inference;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class LinkTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

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
    [InlineData("bandwidth=800kbit,rtt=0.1s,loss=1%", 800e3, 800e3, 100, 0.01)]
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
    [InlineData("rayleigh:bw=10MHz", "--link")]
    [InlineData("rayleigh:bw=10MHz,snr=10,snr=10", "--link")]
    [InlineData("rayleigh:bw=10,snr=10", "--link, bw")]
    [InlineData("rayleigh:bw=-1MHz,snr=10", "--link, bw")]
    [InlineData("rayleigh:bw=10MHz,snr=NaN", "--link, snr")]
    [InlineData("rayleigh:bw=10MHz,snr=0", "--link, snr")]
    [InlineData("rayleigh:bw=10MHz,snr=61dB", "--link, snr")]
    [InlineData("rayleigh:bw=10MHz,snr=10,eps=0", "--link, eps")]
    [InlineData("bandwidth=5Mbit,bandwidth=6Mbit,rtt=1ms", "--link")]
    [InlineData("bandwidth=nanMbit,rtt=1ms", "--link, bandwidth")]
    [InlineData("bandwidth=5Mbit,rtt=-1ms", "--link, rtt")]
    [InlineData("bandwidth=5Mbit,rtt=61s", "--link, rtt")]
    [InlineData("bandwidth=5Mbit,rtt=1ms,seed=-1", "--link, seed")]
    [InlineData("bandwidth=5Mbit,rtt=1ms,", "--link")]
    [InlineData("bandwidth=5Mbit", "--link")]
    [InlineData("bandwidth=5Mbit,rtt=1ms,loss=100%", "--link, loss")]
    [InlineData("rtt=5ms", "--link")]
    [InlineData("measured:bandwidth=5Mbit,rtt=1ms", "--link")]
    public void AnythingElse_IsRefusedNamingThePart(string text, string place)
    {
        var error = Assert.Throws<UserErrorException>(() => LinkText.Parse(text, "--link"));

        Assert.StartsWith($"{place}:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_RiseInDelay()
    {
        double[] seconds = [.. new[] { "lan", "wifi", "lte" }.Select(name => LinkText.Parse(name, "--link").Profile.Up.ExpectedSeconds(1000))];

        Assert.Equal(seconds.Order(), seconds);
    }

    [Theory]
    [InlineData("lan", "lan: 1000 Mbit/s, round trip 0.3 ms")]
    [InlineData("bandwidth=5Mbit,down=8Mbit,rtt=20ms,loss=1%", "bandwidth=5Mbit,down=8Mbit,rtt=20ms,loss=1%: 5 Mbit/s up and 8 Mbit/s down, round trip 20 ms, 1% of attempts fail, at most 2 but for 0.1%")]
    public void Description_SaysWhatItMeans(string text, string description) =>
        Assert.Equal(description, LinkText.Parse(text, "--link").Description);

    [Fact]
    public void MeasuredFile_IsFitted()
    {
        var sizes = Enumerable.Range(1, 20).Select(i => i * 100);
        var link = Measured(string.Concat(sizes.Select(bytes => $"{{\"bytes\": {bytes}, \"ms\": {10 + (0.01 * bytes)}}}\n")) + "\n{\"lost\": true}\n");

        Assert.Equal(link.Profile.Up, link.Profile.Down);
        Assert.Equal(800e3, link.Profile.Up.BitsPerSecond, 1e-3);
        Assert.Equal(20, link.Profile.RoundTrip.TotalMilliseconds, 1e-3);
        Assert.Equal(link.Profile.RoundTrip, link.Profile.Up.RepeatAfter);
        Assert.InRange(link.Profile.Up.FailureProbability, 0.04, 0.06);
        Assert.Contains("fitted to 20 messages: 10 ± 0 ms one way", link.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void MeasuredFile_LateMessages_CountInTheWorstCaseOnly()
    {
        var link = Measured(string.Concat(Enumerable.Range(1, 400).Select(i => $"{{\"bytes\": {i}, \"ms\": {(i == 300 ? 60 : 10)}}}\n"))).Profile.Up;

        Assert.InRange(link.WorstCaseSeconds(100), 0.055, 0.065);
        Assert.InRange(link.ExpectedSeconds(100), 0.009, 0.012);
    }

    [Fact]
    public void MeasuredFile_OneSizeOnly_LeavesTheBandwidthOpen()
    {
        var link = Measured("{\"bytes\": 100, \"ms\": 9}\n{\"bytes\": 100, \"ms\": 9}\n");

        Assert.Equal(0.009, link.Profile.Up.ExpectedSeconds(1_000_000), 1e-6);
        Assert.Contains("no time for bytes", link.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"bytes\": 1, \"ms\": 1}\nhello\n", "line 2")]
    [InlineData("{\"bytes\": -1, \"ms\": 1}\n", "line 1")]
    [InlineData("{\"bytes\": 1, \"ms\": \"1\"}\n", "line 1")]
    [InlineData("[1, 2]\n", "line 1")]
    [InlineData("{\"bytes\": 1, \"ms\": 1}\n", "at least two messages")]
    [InlineData("{\"lost\": true}\n", "at least two messages")]
    public void WrongMeasuredFile_IsRefusedNamingTheLine(string content, string named) =>
        Assert.Contains(named, Assert.Throws<UserErrorException>(() => Measured(content)).Message, StringComparison.Ordinal);

    [Fact]
    public void MissingMeasuredFile_IsNamed() =>
        Assert.Contains("nowhere", Assert.Throws<UserErrorException>(() => LinkText.Parse("measured:/nowhere", "--link")).Message, StringComparison.Ordinal);

    private LinkText Measured(string content)
    {
        _folder.Write("link.jsonl", content);
        return LinkText.Parse($"measured:{_folder.PathTo("link.jsonl")}", "--link");
    }
}
