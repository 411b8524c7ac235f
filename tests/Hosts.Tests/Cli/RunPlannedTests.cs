using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>Sessions that the scheduler plans. This machine is measured once; what is chosen has margins that no measurement on a busy machine reaches.</summary>
public sealed class RunPlannedTests
{
    /// <summary>Room for no layer of Quill in 16 bits beside the runtime, or for few.</summary>
    private const string LittleMemory = "46.5MB";

    [Fact]
    public async Task Run_SlowLink_IsLeftToTheDevice()
    {
        var plan = (await RunAsync("--link", "lte", "--front-bits", "16")).JsonLines[0];

        Assert.Equal("device", Text(plan, "mode"));
        Assert.StartsWith("Do not split: the device alone takes ", plan["planned"]!["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(16, (int)plan["planned"]!["front_weight_bits"]!);
        Assert.InRange((long)plan["planned"]!["token_us"]!, 1, 20_000); // the link alone would take more
    }

    [Fact]
    public async Task Run_LittleMemory_IsLeftToTheWorker_AndTheTextIsTheSame()
    {
        string[] exact = ["--front-bits", "16", "--compression", "none"];
        var lines = (await RunAsync(["--link", "bandwidth=1Gbit,rtt=0.1ms", "--device-memory", LittleMemory, .. exact])).JsonLines;

        Assert.NotEqual("device", Text(lines[0], "mode"), StringComparer.Ordinal);
        Assert.InRange((long)lines[0]["planned"]!["memory_bytes"]!, 1, 46_500_000);
        Assert.Equal(Text(await UndisturbedAsync()), Text(lines[^1], "text"));
    }

    [Fact]
    public async Task Run_MemoryThatShrinks_MovesTheSession_AndTheTextIsTheSame()
    {
        var lines = (await RunAsync("--link", "lan", "--device-memory-at", $"20:{LittleMemory}", "--front-bits", "16", "--compression", "none", "--max-tokens", "400")).JsonLines;

        Assert.Equal("device", Text(lines[0], "mode"));
        var moves = lines.Where(line => Text(line, "type") == "moved").ToList();
        if (moves.Count > 0) // 400 tokens may be over before the scheduler weighs the session again
            Assert.Contains("lacks memory", Text(moves[0], "reason"), StringComparison.Ordinal);
        Assert.StartsWith(Text(await UndisturbedAsync()), Text(lines[^1], "text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Channel_IsUsedAtItsBestRate()
    {
        var plan = (await RunAsync("--link", "rayleigh:bw=10MHz,snr=10,rtt=4ms")).JsonLines[0];
        Assert.Equal(OutageRate.Optimal(new RayleighChannel(10e6, 10), 1e-3, 1e3, 1e9).BitsPerSecond, (double)plan["planned"]!["rate_bits_per_second"]!, 1e-3);
    }

    [Theory]
    [InlineData("--device-memory 20MB", "memory: 20.0 MB given")]
    [InlineData("--deadline 0.05ms/token", "deadline: 0.1 ms per token given")]
    public async Task Run_NothingKeepsTheLimits_IsRefused_WithItsExitCode(string limits, string expected)
    {
        var result = await StartAsync(limits.Split(' '));

        Assert.Equal(6, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Equal("refused", Text(result.JsonLines[^1], "end_reason"));
    }

    [Fact]
    public async Task Run_PlannedForPeople_SaysWhyAndWhatToExpect()
    {
        var result = await SplitActorsProcess.RunAsync("run", "Alice", "--split", "auto", "--max-tokens", "4");
        Assert.Matches(@"(?m)^plan +(Do not split|Split after)", result.Succeeded().Error);
        Assert.Matches(@"(?m)^expected +[\d.]+ ms for a token, at worst [\d.]+, device [\d.]+ MB", result.Error);
    }

    [Fact]
    public async Task Run_AnotherLink_IsUsedFromThere()
    {
        var lines = (await SplitActorsProcess.RunAsync(
            "run", "Alice", "--mode", "cloud", "--max-tokens", "40", "--link", "lan", "--relink-at", "10:bandwidth=10Mbit,rtt=60ms", "--json")).Succeeded().JsonLines;
        Assert.InRange((long)lines[^1]["link"]!["time_us_p50"]!, 60_000, 1_000_000);
    }

    private static string Text(ProcessResult result) => Text(result.JsonLines[^1], "text");

    private static string Text(JsonNode line, string field) => line[field]!.GetValue<string>();

    private static Task<ProcessResult> UndisturbedAsync() =>
        SplitActorsProcess.RunAsync("run", "Alice looked at the", "--seed", "3", "--temperature", "0.8", "--compression", "none", "--max-tokens", "60", "--json");

    private static async Task<ProcessResult> RunAsync(params string[] options) => (await StartAsync(options)).Succeeded();

    private static Task<ProcessResult> StartAsync(string[] options) => SplitActorsProcess.RunAsync(
        ["run", "Alice looked at the", "--split", "auto", "--seed", "3", "--temperature", "0.8", .. options.Contains("--max-tokens", StringComparer.Ordinal) ? Array.Empty<string>() : ["--max-tokens", "60"], "--json", .. options]);
}
