using System.Text.Json.Nodes;
using System.Xml.Linq;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class SimulateCommandTests : IDisposable
{
    private static readonly string[] Small = ["--devices", "10", "--workers", "2", "--minutes", "0.3", "--max-tokens", "16"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Simulate_Cluster_SaysWhatBecameOfIt()
    {
        var output = (await SimulateAsync(["--devices", "10", "--workers", "2", "--max-tokens", "16", "--deadline", "300ms/token"])).Succeeded().Output;

        Assert.Matches(@"(?m)^cluster +10 devices \(pi5\), 2 workers \(server\), 1 scheduler; lte: ", output);
        Assert.Matches(@"(?m)^sessions +[1-9]\d*: [1-9]\d* ended by TokenLimit", output);
        Assert.Matches(@"(?m)^deadlines +[1-9]\d* tokens kept theirs", output);
        Assert.Matches(@"(?m)^TPOT ms +p50 \d+\.\d, p95 ", output);
        Assert.Matches(@"(?m)^disturbances +.*partitions", output);
        Assert.Matches(@"(?m)^invariants +all held$", output);
    }

    [Fact]
    public async Task Simulate_SameSeedInTwoProcesses_GivesTheSameTraces()
    {
        var first = Json(await SimulateAsync(["--worlds", "200", "--seed", "1000", "--json"]));
        var second = Json(await SimulateAsync(["--worlds", "200", "--seed", "1000", "--json"]));
        var other = Json(await SimulateAsync(["--worlds", "200", "--seed", "1001", "--json"]));

        Assert.Equal(first.ToJsonString(), second.ToJsonString());
        Assert.NotEqual(Text(first["trace_hash"]), Text(other["trace_hash"]), StringComparer.Ordinal);
        Assert.Empty(first["violations"]!.AsArray());
    }

    [Fact]
    public async Task Simulate_ClusterInTwoProcesses_GivesTheSameReport()
    {
        var first = (await SimulateAsync([.. Small, "--json"])).Succeeded().Output;

        Assert.Equal(first, (await SimulateAsync([.. Small, "--json"])).Succeeded().Output);
        Assert.NotEqual(first, (await SimulateAsync([.. Small, "--seed", "2", "--json"])).Succeeded().Output, StringComparer.Ordinal);
    }

    /// <summary>[2511.04002, figure 5]: the more tokens devices hold, the less servers have to do, and more devices are more work.</summary>
    [Fact]
    public async Task Simulate_Offload_TakesWorkFromServers()
    {
        var plot = _folder.PathTo("fig5.svg");
        var points = Json(await SimulateAsync(["--devices", "10", "--max-tokens", "64", "--prompt-tokens", "8", "--faults", "none", "--offload", "24,48", "--plot", plot, "--json"]))["points"]!.AsArray();

        Assert.Equal(15, points.Count);
        foreach (var devices in points.GroupBy(point => point!["devices"]!.GetValue<int>()))
        {
            long[] tokens = [.. devices.Select(point => point!["server_tokens"]!.GetValue<long>())];
            double[] times = [.. devices.Select(point => point!["server_time_ms"]!.GetValue<double>())];
            Assert.Equal([64L * devices.Key, (64 - 16) * devices.Key, (64 - 40) * devices.Key], tokens);
            Assert.True(times[0] > times[1] && times[1] > times[2], string.Join(", ", times));
        }

        var svg = XDocument.Load(plot).ToString();
        Assert.Contains("cloud-only, 10 devices", svg, StringComparison.Ordinal);
        Assert.Contains("W̄ = 48", svg, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Simulate_OffloadTable_HasAColumnForEachCurve() =>
        Assert.Matches(@"devices +cloud-only: server s +cloud-only: server tokens +W̄ = 40: server s", (await SimulateAsync([.. Small, "--faults", "none", "--offload", "40"])).Succeeded().Output);

    [Theory]
    [InlineData("--devices", "0", "from 1 to 100000")]
    [InlineData("--minutes", "0", "0.001 to 1440")]
    [InlineData("--faults", "many", "none or default")]
    [InlineData("--link", "string", "lte")]
    [InlineData("--mode", "both", "handoff")]
    [InlineData("--split", "16", "from 1 to 15")]
    [InlineData("--shape", "llama-2t", "llama-8b")]
    [InlineData("--worker-profile", "toaster", "server")]
    [InlineData("--offload", "32", "whole numbers from 33")]
    [InlineData("--plot", "fig5.svg", "--offload")]
    public async Task Simulate_WrongOption_IsRefused(string option, string value, string expected) =>
        (await SimulateAsync([option, value])).Refused(ExitCode.Options, option, expected);

    [Fact]
    public async Task Simulate_PlotThatCannotBeWritten_IsRefused() =>
        (await SimulateAsync(["--offload", "40", "--plot", _folder.PathTo("missing", "fig5.svg")])).Refused(ExitCode.Output, "fig5.svg");

    [Fact]
    public async Task Simulate_Help_ShowsAnExample() =>
        Assert.Contains("Example: splitactors simulate --devices", (await SimulateAsync(["--help"])).Succeeded().Output, StringComparison.Ordinal);

    private static JsonNode Json(ProcessResult result) => JsonNode.Parse(result.Succeeded().Output)!;

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static Task<ProcessResult> SimulateAsync(string[] arguments) => SplitActorsProcess.RunAsync(["simulate", .. arguments]);
}
