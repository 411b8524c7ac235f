using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Planning;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Inference;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class LinkTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("rayleigh:bw=10MHz,snr=10", 10e6, 10, 0.001, 0)]
    [InlineData("rayleigh:snr=10dB,bw=500kHz,eps=0.01", 500e3, 10, 0.01, 0)]
    [InlineData("rayleigh:bw=1GHz,snr=2.5,eps=1%,delay=5ms", 1e9, 2.5, 0.01, 0.005)]
    public void Parse_Rayleigh_ReadsChannelTargetAndDelay(string text, double bandwidthHz, double snr, double outageTarget, double delaySeconds)
    {
        var link = Assert.IsType<RayleighSpecification>(LinkText.Parse(text, "--link"));
        Assert.Equal(bandwidthHz, link.Channel.BandwidthHz, 1e-6);
        Assert.Equal(snr, link.Channel.SnrLinear, 1e-12);
        Assert.Equal((outageTarget, delaySeconds), (link.OutageTarget, link.DelaySeconds));
        var expected = new RayleighLink(link.Channel, outageTarget, delaySeconds: delaySeconds);
        Assert.Equal(expected.WorstCaseSeconds(1000), link.Uplink.WorstCaseSeconds(1000));
    }

    [Fact]
    public void Parse_StatedFigures_GivesTimesOfThem()
    {
        var link = LinkText.Parse("bandwidth=8Mbit,down=80Mbit,rtt=30ms,loss=1%,eps=0.001", "--link");
        Assert.Equal((0.015 + 1e-3) / 0.99, link.Uplink.ExpectedSeconds(1000), 1e-12);
        Assert.Equal(2 * (0.015 + 1e-3), link.Uplink.WorstCaseSeconds(1000), 1e-12); // 0.01² < 0.001 < 0.01
        Assert.Equal((0.015 + 1e-4) / 0.99, link.Downlink.ExpectedSeconds(1000), 1e-12);
    }

    [Fact]
    public void Parse_OnlyBandwidth_HasNoDelayAndNoLoss()
    {
        var link = LinkText.Parse("bandwidth=1Mbit", "--link");
        Assert.Equal(8e-3, link.Uplink.ExpectedSeconds(1000), 1e-12);
        Assert.Equal(8e-3, link.Downlink.WorstCaseSeconds(1000), 1e-12);
    }

    [Fact]
    public void Parse_Names_RiseInDelay()
    {
        double[] seconds = [.. new[] { "lan", "wifi", "lte" }.Select(name => LinkText.Parse(name, "--link").Uplink.ExpectedSeconds(1000))];
        Assert.Equal(seconds.Order(), seconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("dialup")]
    [InlineData("rayleigh:")]
    [InlineData("rayleigh:bw=10MHz")]
    [InlineData("rayleigh:bw=10,snr=10")]
    [InlineData("rayleigh:bw=10MHz,snr=0")]
    [InlineData("rayleigh:bw=10MHz,snr=10,eps=1")]
    [InlineData("rayleigh:bw=10MHz,snr=10,snr=10")]
    [InlineData("rayleigh:bw=10MHz,snr=NaN")]
    [InlineData("rayleigh:bw=10MHz,snr=10,rtt=5ms")]
    [InlineData("bandwidth=0Mbit")]
    [InlineData("bandwidth=10Mbit,loss=100%")]
    [InlineData("bandwidth=10Mbit,rtt=-1ms")]
    [InlineData("rtt=5ms")]
    public void Parse_WrongText_NamesTheOption(string text)
    {
        var error = Assert.Throws<UserErrorException>(() => LinkText.Parse(text, "--link"));
        Assert.Equal((UserErrorKind.Options, "--link"), (error.Kind, error.Place));
    }

    [Fact]
    public void Parse_MeasuredFile_FitsItsMessages()
    {
        _folder.Write("link.jsonl", string.Concat(Enumerable.Range(1, 20).Select(i => $"{{\"bytes\": {i * 100}, \"ms\": {10 + (0.01 * i * 100)}}}\n")) + "\n{\"lost\": true}\n");
        var link = LinkText.Parse($"measured:{_folder.PathTo("link.jsonl")}", "--link");
        var estimate = Assert.IsType<MeasuredSpecification>(link).Link.Estimate()!;
        Assert.Equal(20, estimate.MessageCount);
        Assert.Equal(0.010, estimate.DelaySeconds.Value, 1e-6);
        Assert.Equal(1e-5, estimate.SecondsPerByte.Value, 1e-9);
        Assert.InRange(estimate.LossProbability.Value, 0.04, 0.06);
    }

    [Theory]
    [InlineData("{\"bytes\": 1, \"ms\": 1}\nhello\n", "line 2")]
    [InlineData("{\"bytes\": -1, \"ms\": 1}\n", "line 1")]
    [InlineData("{\"bytes\": 1, \"ms\": \"1\"}\n", "line 1")]
    [InlineData("[1, 2]\n", "line 1")]
    [InlineData("{\"bytes\": 1, \"ms\": 1}\n", "at least two messages")]
    [InlineData("{\"lost\": true}\n", "at least two messages")]
    public void Parse_WrongMeasuredFile_NamesTheLine(string content, string named)
    {
        _folder.Write("link.jsonl", content);
        var error = Assert.Throws<UserErrorException>(() => LinkText.Parse($"measured:{_folder.PathTo("link.jsonl")}", "--link"));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_MissingMeasuredFile_NamesIt() =>
        Assert.Contains("nowhere", Assert.Throws<UserErrorException>(() => LinkText.Parse("measured:/nowhere", "--link")).Message, StringComparison.Ordinal);
}
