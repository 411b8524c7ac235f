using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class PlanCommandTests : IDisposable
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(5);

    private static readonly string[] Small = ["--shape", "llama-1b", "--device-profile", "pi5", "--worker-profile", "server", "--link", "rayleigh:bw=10MHz,snr=10", "--tokens", "350"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Plan_WorkerIsFaster_SaysDoNotSplit()
    {
        var output = (await PlanAsync([.. Small, "--device-memory", "512MB", "--deadline", "200ms/token"])).Succeeded().Output;
        Assert.Matches(@"(?m)^plan +Do not split: the worker alone takes \d+\.\d+ ms per token, and no split that keeps the limits is faster\.$", output);
        Assert.Matches(@"(?m)^ *→ +0 .*chosen: worker alone", output);
        Assert.Matches(@"(?m)^ *16 .*breaks memory", output);
        Assert.Contains("pi5, estimated by data sheet", output, StringComparison.Ordinal);
        Assert.Matches("(?m)^note +times by data sheet are estimates", output);
        Assert.Contains("--all lists the 145 candidates", output, StringComparison.Ordinal);
    }

    /// <summary>A busy worker, and too little memory for the device alone.</summary>
    [Fact]
    public async Task Plan_NeitherAloneIsBest_Splits()
    {
        var plan = Json(await PlanAsync(
            ["--shape", "llama-1b", "--device-profile", "orin-nx", "--worker-profile", "pi5", "--worker-bits", "8", "--link", "lan", "--device-memory", "600MB", "--json"]));
        Assert.True(plan["is_split"]!.GetValue<bool>());
        var choice = plan["choice"]!;
        Assert.InRange(choice["split_layer"]!.GetValue<int>(), 1, 15);
        Assert.InRange(choice["memory_bytes"]!.GetValue<long>(), 1, 600_000_000);
        Assert.StartsWith("Split after layer ", plan["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        var worker = plan["candidates"]![0]!;
        Assert.Equal(0, worker["split_layer"]!.GetValue<int>());
        Assert.True(choice["tpot_ms"]!.GetValue<double>() < worker["tpot_ms"]!.GetValue<double>());
        Assert.Equal(choice["tpot_ms"]!.GetValue<double>(), choice["tpot_ms_parts"]!.AsObject().Sum(part => part.Value!.GetValue<double>()), 1e-4);
    }

    [Fact]
    public async Task Plan_LimitsThatNothingKeeps_NamesTheSmallestChange()
    {
        var result = await PlanAsync([.. Small[..^4], "--tokens", "350", "--link", "lte", "--device-memory", "512MB", "--deadline", "20ms"]);
        Assert.Equal(ExitCode.Infeasible, result.ExitCode);
        Assert.Matches(@"(?m)^no plan +No candidate keeps the limits; nearest is 0 layers on the device, which lacks deadline: 20\.0 ms per token given, ", result.Output);
        Assert.Matches(@"(?m)^enough alone +deadline: ", result.Output);
    }

    [Fact]
    public async Task Plan_InfeasibleJson_HasTheChanges()
    {
        var result = await PlanAsync([.. Small, "--deadline", "1us", "--device-memory", "1MB", "--json"]);
        Assert.Equal(ExitCode.Infeasible, result.ExitCode);
        var plan = JsonNode.Parse(result.Output)!;
        Assert.Null(plan["choice"]);
        Assert.NotEmpty(plan["smallest_change"]!.AsArray());
        Assert.All(plan["candidates"]!.AsArray(), candidate => Assert.Equal("infeasible", candidate!["verdict"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Plan_Quill_TakesSizesFromItsCalibration()
    {
        var output = (await PlanAsync(["--device-profile", "pi5"])).Succeeded().Output;
        Assert.Matches(@"(?m)^hidden states +\d+ to \d+ bytes per token, estimated from the calibration", output);
        Assert.Contains("not measured", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_All_ListsEveryCandidate()
    {
        var output = (await PlanAsync(["--device-profile", "pi5", "--all", "--front-bits", "8,4", "--kv-bits", "16"])).Succeeded().Output;
        Assert.Equal(1 + (8 * 2), Regex.Count(output, @"(?m)^ *→? +\d+ +[48–] ", RegexOptions.None, MatchTimeout));
    }

    [Theory]
    [InlineData("--device-memory", "512", "a size such as 512MB")]
    [InlineData("--device-profile", "toaster", "pi5")]
    [InlineData("--worker-profile", "toaster", "server")]
    [InlineData("--link", "rayleigh:bw=10MHz", "rayleigh:bw=10MHz,snr=10")]
    [InlineData("--deadline", "0ms", "a time above 0")]
    [InlineData("--deadline", "fast", "200ms/token")]
    [InlineData("--tokens", "513", "512 tokens of the model's context")]
    [InlineData("--prompt-tokens", "400", "350 tokens of --tokens")]
    [InlineData("--quality", "2%", "0.5%")]
    [InlineData("--max-rise", "1", "a percentage")]
    [InlineData("--front-bits", "5", "16, 8, 4, 3, 2")]
    [InlineData("--kv-bits", "", "32, 16, 8, 4")]
    [InlineData("--shape", "llama-2t", "llama-8b")]
    [InlineData("--worker-queue", "5", "5ms")]
    public async Task Plan_WrongOption_IsRefused(string option, string value, string expected) =>
        (await PlanAsync(["--device-profile", option == "--device-profile" ? value : "pi5", .. option == "--device-profile" ? Array.Empty<string>() : [option, value]]))
            .Refused(ExitCode.Options, option, expected);

    [Fact]
    public async Task Plan_ModelBesideShape_IsRefused() => (await PlanAsync([.. Small, "--model", "."])).Refused(ExitCode.Options, "--model", "--shape");

    [Fact]
    public async Task Plan_Help_ShowsAnExample() =>
        Assert.Contains("Example: splitactors plan --shape", (await SplitActorsProcess.RunAsync("plan", "--help")).Succeeded().Output, StringComparison.Ordinal);

    private static JsonNode Json(ProcessResult result) => JsonNode.Parse(result.Succeeded().Output)!;

    private Task<ProcessResult> PlanAsync(string[] arguments) => SplitActorsProcess.RunAsync(["plan", "--profile-cache", _folder.Path, .. arguments]);
}
