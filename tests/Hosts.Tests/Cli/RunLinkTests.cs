using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>A link changes when tokens come, never which.</summary>
public sealed class RunLinkTests
{
    private static readonly string[] Session = ["run", "Alice looked at the", "--max-tokens", "20", "--seed", "3"];

    [Theory]
    [InlineData("bandwidth=5Mbit,rtt=20ms,loss=5%", "split")]
    [InlineData("rayleigh:bw=1MHz,snr=10,rtt=4ms", "split")]
    [InlineData("rayleigh:bw=1MHz,snr=10dB,eps=0.01,seed=7", "cloud")]
    [InlineData("wifi", "split")]
    public async Task Run_OverALink_GivesTheSameText(string link, string mode)
    {
        string[] session = [.. Session, "--mode", mode];

        var without = await SplitActorsProcess.RunAsync(session);
        var over = await SplitActorsProcess.RunAsync([.. session, "--link", link]);

        Assert.Equal(without.Succeeded().Text, over.Succeeded().Text);
        Assert.DoesNotContain("link ", without.Error, StringComparison.Ordinal);
        AssertMatches(over.Error, $@"^link +{link.Replace("%", "[%]", StringComparison.Ordinal)}: up \d+ B in \d+ messages \(retransmissions: \d+\), down \d+ B in \d+ messages \(retransmissions: \d+\) *$");
        AssertMatches(over.Error, @"^link time +p50 [\d.]+ ms, p99 [\d.]+ ms for each token, there and back *$");
        AssertMatches(over.Error, @"^link measured +.*RTT [\d.]+ ± [\d.]+ ms, loss [\d.]+ ± [\d.]+ %, from \d+ round trips *$");
    }

    [Fact]
    public async Task Run_OverALink_WhoseWorkerStops_GivesTheSameText()
    {
        string[] link = ["--link", "bandwidth=2Mbit,rtt=10ms,loss=2%", "--deadline", "100ms/token"];

        var undisturbed = await SplitActorsProcess.RunAsync(Session);
        var disturbed = await SplitActorsProcess.RunAsync([.. Session, .. link, "--stop-worker-at", "7"]);

        Assert.Equal(undisturbed.Succeeded().Text, disturbed.Succeeded().Text);
        Assert.Contains("worker/1 is lost", disturbed.Error, StringComparison.Ordinal);
        Assert.Contains("on worker/2", disturbed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_JsonOverALink_HasTrafficTimesAndMeasurement()
    {
        var ledger = (await RunJsonAsync("--link", "bandwidth=1Mbit,rtt=30ms,loss=10%,seed=2"))[^1];
        var link = ledger["link"]!;

        Assert.Equal("bandwidth=1Mbit,rtt=30ms,loss=10%,seed=2", link["text"]!.GetValue<string>());
        Assert.InRange(Number(link, "time_us_p50"), 30_000, 60_000);
        Assert.True(Number(link, "time_us_p99") > 60_000); // a retransmission
        Assert.True(Number(link["up"]!, "bytes") > Number(ledger["bill"]!, "message_bytes"));
        Assert.True(Number(link["up"]!, "retransmissions") + Number(link["down"]!, "retransmissions") > 0);
        Assert.InRange(Number(link["measured"]!, "round_trip_us"), 25_000, 60_000);
        Assert.Equal(20, Number(link["measured"]!, "round_trips") + 1, tolerance: 1);
    }

    [Fact]
    public async Task Run_OverAMeasuredLink_TakesItsTimes()
    {
        using var folder = new TemporaryFolder();
        folder.Write("link.jsonl", "{\"bytes\": 50, \"ms\": 15.4}\n{\"bytes\": 150, \"ms\": 16.2}\n{\"bytes\": 250, \"ms\": 17}\n");

        var link = (await RunJsonAsync("--link", $"measured:{folder.PathTo("link.jsonl")}"))[^1]["link"]!;

        Assert.InRange(Number(link, "time_us_p50"), 30_000, 60_000);
    }

    [Fact]
    public async Task Run_SameLinkSeed_GivesTheSameRetransmissions()
    {
        var first = (await RunJsonAsync("--link", "rayleigh:bw=5MHz,snr=5,seed=4"))[^1]["link"]!;
        var second = (await RunJsonAsync("--link", "rayleigh:bw=5MHz,snr=5,seed=4"))[^1]["link"]!;

        Assert.Equal(Number(first["up"]!, "retransmissions"), Number(second["up"]!, "retransmissions"));
        Assert.True(Number(first["up"]!, "retransmissions") > 0);
    }

    [Fact]
    public async Task Run_WithoutALink_HasNone()
    {
        var lines = await RunJsonAsync();

        Assert.Null(lines[^1]["link"]);
        Assert.Null(lines[0]["deadline"]);
        Assert.Equal(0, Number(lines[^1]["bill"]!, "deadline_kept"));
    }

    [Fact]
    public async Task Run_DeadlineWithRoom_CountsEveryTokenAfterTheFirst()
    {
        var lines = await RunJsonAsync("--link", "wifi", "--deadline", "5s/token");
        var bill = lines[^1]["bill"]!;

        Assert.Equal(5e6, Number(lines[0]["deadline"]!, "promised_us"));
        Assert.InRange(Number(lines[0]["deadline"]!, "device_us"), 1e6, 5e6);
        Assert.Equal(19, Number(bill, "deadline_kept"));
    }

    /// <summary>A round trip of 400 ms does not fit, twice the deadline does.</summary>
    [Fact]
    public async Task Run_DeadlineWithoutRoom_IsDegradedUpFront_AndEveryTokenIsAccountedFor()
    {
        string[] options = ["--link", "bandwidth=50Mbit,rtt=400ms", "--deadline", "300ms/token"];
        var lines = await RunJsonAsync(options);
        var (plan, bill) = (lines[0]["deadline"]!, lines[^1]["bill"]!);

        Assert.Equal(300_000, Number(plan, "asked_us"));
        Assert.InRange(Number(plan, "promised_us"), 400_000, 600_000);
        Assert.Matches(@"at worst [\d.]+ ms = device [\d.]+ ms \+ link 400\.\d ms \+ worker/1 [\d.]+ ms \(1 session\)", plan["detail"]!.GetValue<string>());
        Assert.Equal(19, Number(bill, "deadline_degraded") + Number(bill, "deadline_missed"));
        Assert.True(Number(bill, "deadline_degraded") > Number(bill, "deadline_missed"));

        var text = await SplitActorsProcess.RunAsync([.. Session, .. options]);
        AssertMatches(text.Succeeded().Error, @"^\[degraded: [\d.]+ ms for each token instead of 300 ms; at worst ");
        AssertMatches(text.Error, @"^deadline +degraded: 300 ms for each token after the first; 0 kept, \d+ later but as told before, \d+ missed *$");
    }

    [Fact]
    public async Task Run_DeadlineOfAMicrosecond_IsNamedAsItWasGiven()
    {
        var result = await SplitActorsProcess.RunAsync([.. Session, "--deadline", "0.001ms/token"]);

        Assert.Equal(ExitCode.Infeasible, result.ExitCode);
        Assert.Contains("The deadline of 0.001 ms for each token cannot be kept", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_HopelessDeadline_IsRefusedWithItsReason()
    {
        var result = await SplitActorsProcess.RunAsync([.. Session, "--link", "bandwidth=50Mbit,rtt=400ms", "--deadline", "20ms"]);

        Assert.Equal(ExitCode.Infeasible, result.ExitCode);
        Assert.Contains("The deadline of 20.0 ms for each token cannot be kept, nor 2 times of it: at worst ", result.Error, StringComparison.Ordinal);
        Assert.Contains("link 400.", result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output.Trim());
    }

    private static async Task<IReadOnlyList<JsonNode>> RunJsonAsync(params string[] options) =>
        [.. (await SplitActorsProcess.RunAsync([.. Session, "--json", .. options])).Succeeded().JsonLines];

    private static double Number(JsonNode node, string field) => node[field]!.GetValue<double>();

    private static void AssertMatches(string error, string linePattern) => Assert.Matches($"(?m){linePattern}", error);
}
