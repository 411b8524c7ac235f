using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

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
        Assert.Matches(@"(?m)^plan +Do not split: the worker alone takes \d+\.\d+ ms per token, and no split that keeps the limits is 5 % faster\.$", output);
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
    public async Task Plan_WhoseFirstTokenIsLongInComing_SaysWhyAndWhatHelps()
    {
        string[] slow = ["--shape", "llama-1b", "--device-profile", "orin-nx", "--worker-profile", "pi5", "--worker-bits", "8", "--device-memory", "600MB"];
        var far = Json(await PlanAsync([.. slow, "--tokens", "2000", "--prompt-tokens", "1500", "--link", "bandwidth=10kbit,rtt=40ms", "--json"]));
        Assert.Matches(
            @"^Expect the first token after \d\d s: sending the prompt of 1500 tokens takes \d\d s of them\. To shorten that, use a faster link or a shorter prompt\.$",
            far["slow_start"]!.GetValue<string>());

        var split = (await PlanAsync([.. slow, "--tokens", "2000", "--prompt-tokens", "1500", "--link", "bandwidth=1Mbit,rtt=40ms"])).Succeeded().Output;
        Assert.Matches(@"(?m)^slow start +Expect the first token after \d\d s: ", split);
        Assert.Matches(@"stronger +compression +\(--quality\); +the +worker +alone +would +take +\d\.\d +s\.", split);
        var soon = Json(await PlanAsync([.. slow, "--tokens", "200", "--prompt-tokens", "20", "--link", "wifi", "--json"]));
        Assert.InRange(soon["choice"]!["ttft_ms"]!.GetValue<double>(), 0, 10_000);
        Assert.Null(soon["slow_start"]);
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
        var output = (await PlanAsync(["--device-profile", "pi5", "--quality", "1%", "--group-size", "64", "--front-bits", "4"])).Succeeded().Output;
        Assert.Matches(@"(?m)^hidden states +\d+ to \d+ bytes per token, estimated from the calibration", output);
        Assert.Contains("not measured", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_Quill_LimitsWhatItsAccuracyTells()
    {
        var plan = Json(await PlanAsync(["--device-profile", "pi5", "--link", "lte", "--front-bits", "2,8", "--json"]));
        Assert.Equal(1, plan["max_rise_percent"]!.GetValue<double>());
        Assert.Equal(8, plan["choice"]!["front_weight_bits"]!.GetValue<int>());
        Assert.InRange(plan["choice"]!["perplexity_rise_percent"]!.GetValue<double>(), -1, 1);
        Assert.Contains(" measured;", plan["hidden_states"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_All_ListsEveryCandidate()
    {
        var output = (await PlanAsync(["--device-profile", "pi5", "--all", "--front-bits", "8,4", "--kv-bits", "16"])).Succeeded().Output;
        Assert.Equal(1 + (8 * 2), Regex.Count(output, @"(?m)^ *→? +\d+ +[48–] ", RegexOptions.None, MatchTimeout));
    }

    [Fact]
    public async Task Plan_Measure_KeepsTheProfileForTheNextTime()
    {
        string[] arguments = ["--device-profile", "measure", "--front-bits", "4", "--kv-bits", "16"];
        var first = (await PlanAsync(arguments)).Succeeded().Output;
        Assert.Matches(@"(?m)^device +.+ processors, measured in \d+\.\d s, .+profile-[0-9a-f]{16}\.json", first);
        var file = Assert.Single(Directory.GetFiles(_folder.Path));
        Assert.Matches(@"(?m)^device +.+ processors, measured before, ", (await PlanAsync(arguments)).Succeeded().Output);

        // Another machine may plan with it.
        var moved = (await PlanAsync(["--device-profile", file, "--front-bits", "4", "--kv-bits", "16"])).Succeeded().Output;
        Assert.DoesNotContain("measured before", moved, StringComparison.Ordinal);
        (await PlanAsync(["--device-profile", file])).Refused(ExitCode.Options, "Profile", "keys and values in 16 bits");
        (await PlanAsync(["--shape", "llama-1b", "--device-profile", file])).Refused(ExitCode.Options, file, "Measure it for this model");

        File.WriteAllText(file, "{");
        Assert.Matches(@"(?m)^device +.+, measured in ", (await PlanAsync(arguments)).Succeeded().Output);
        var before = File.GetLastWriteTimeUtc(file);
        Assert.Matches(@"(?m)^device +.+, measured in ", (await PlanAsync([.. arguments, "--refresh"])).Succeeded().Output);
        Assert.True(File.GetLastWriteTimeUtc(file) > before);
    }

    [Fact]
    public async Task Plan_MeasureWithoutPlaceToKeep_PlansAllTheSame()
    {
        _folder.Write("file", "");
        var result = await SplitActorsProcess.RunAsync("plan", "--profile-cache", _folder.PathTo("file", "cache"), "--front-bits", "4", "--kv-bits", "16");
        Assert.Matches(@"(?m)^device +.+, measured in \d+\.\d s, not kept: ", result.Succeeded().Output);
    }

    [Fact]
    public async Task Plan_LimitOfAccuracyWithoutMeasurement_TakesNothingForGranted()
    {
        var output = (await PlanAsync(["--device-profile", "pi5", "--link", "lte", "--front-bits", "4", "--group-size", "64", "--kv-bits", "16", "--max-rise", "50%"])).Succeeded().Output;
        Assert.Matches(@"(?m)^ *→ +0 .*chosen: worker alone", output);
        Assert.Matches(@"(?m)^ *8 +4 g64 .*not measured +breaks accuracy, not measured", output);
    }

    [Fact]
    public async Task Plan_DataSheetFile_GivesEstimates()
    {
        _folder.Write("board.json", "\uFEFF" + """{ "name": "board", "cores": 2, "memory_gb_per_second": 4, "int8_gmac_per_second": 20, "float_gmac_per_second": 5 }"""); // as some editors write it
        var plan = Json(await PlanAsync(["--device-profile", _folder.PathTo("board.json"), "--json"]));
        Assert.True(plan["device"]!["is_estimate"]!.GetValue<bool>());
        Assert.Contains("board, estimated by data sheet: 2 cores, 4 GB/s", plan["device"]!["description"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("hello")]
    [InlineData("""{ "name": "board", "cores": 0, "memory_gb_per_second": 4, "int8_gmac_per_second": 20, "float_gmac_per_second": 5 }""")]
    [InlineData("""{ "name": "board", "memory_gb_per_second": 4 }""")]
    [InlineData("""{ "version": "0.1.0", "machine": null, "model": null, "formats": [] }""")]
    public async Task Plan_WrongProfileFile_IsRefused(string content)
    {
        _folder.Write("board.json", content);
        var result = (await PlanAsync(["--device-profile", _folder.PathTo("board.json")])).Refused(ExitCode.Options, "board.json");
        Assert.DoesNotContain("JSON value", result.Error, StringComparison.Ordinal); // no library's text
        Assert.DoesNotContain("deserialization", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_MeasureAccuracyAndVerify_LimitsTheChoiceAndKeepsTheFigures()
    {
        string[] arguments = ["--device-profile", "pi5", "--front-bits", "3", "--kv-bits", "16", "--accuracy", _folder.PathTo("accuracy.json")];
        var output = (await PlanAsync(
            [.. arguments, "--max-rise", "20%", "--link", "lte", "--measure-accuracy", "--verify", "--text", Path.Combine(Repository.Quill, "heldout.txt"), "--text-tokens", "512"])).Succeeded().Output;
        Assert.Matches(@"(?m)^accuracy +measured on 512 tokens, perplexity \d+\.\d+ with nothing rounded; .+accuracy\.json$", output);
        Assert.Matches(@"(?m)^verified +the choice as a whole costs -?\d+\.\d+% ± \d+\.\d+% on 512 tokens; -?\d+\.\d+% was expected$", output);
        Assert.Matches(@"(?m)^hidden states +\d+ to \d+ bytes per token, measured;", output);
        Assert.DoesNotContain("not measured", output, StringComparison.Ordinal);

        // The default limit is 1 %, and three bits cost more.
        var plan = Json(await PlanAsync([.. arguments, "--link", "lte", "--json"]));
        Assert.Equal((1, 0), (plan["max_rise_percent"]!.GetValue<double>(), plan["choice"]!["split_layer"]!.GetValue<int>()));
        var alone = plan["candidates"]!.AsArray()[^1]!;
        Assert.Equal("accuracy", Assert.Single(alone["breaks"]!.AsArray())!["constraint"]!.GetValue<string>());
    }

    [Fact]
    public async Task Plan_AccuracyOfAnotherModel_IsRefused()
    {
        _folder.Write("accuracy.json", """{ "model_digest": "00", "text_digest": "", "token_count": 1, "perplexity": 2, "front_weights": [], "key_values": [], "hidden_states": [] }""");
        (await PlanAsync(["--device-profile", "pi5", "--accuracy", _folder.PathTo("accuracy.json")])).Refused(ExitCode.Options, "accuracy.json", "of 00");
    }

    [Fact]
    public async Task Plan_MeasureAccuracyWithoutText_IsRefused() => (await PlanAsync(["--measure-accuracy"])).Refused(ExitCode.Options, "--text");

    [Fact]
    public async Task Plan_VerifyOfAShape_IsRefused() => (await PlanAsync([.. Small, "--verify", "--text", "text"])).Refused(ExitCode.Options, "--shape", "--model");

    [Fact]
    public async Task Plan_Package_IsRefused()
    {
        (await SplitActorsProcess.RunAsync("quantize", "--split", "4", "--out", _folder.PathTo("package"))).Succeeded();
        (await PlanAsync(["--model", _folder.PathTo("package"), "--device-profile", "pi5"])).Refused(ExitCode.Options, "--model", "OPSC package");
    }

    [Fact]
    public async Task Plan_Plot_DrawsTimeAndMemory()
    {
        (await PlanAsync([.. Small, "--device-memory", "512MB", "--deadline", "200ms", "--plot", _folder.PathTo("plan.svg")])).Succeeded();
        var svg = XDocument.Load(_folder.PathTo("plan.svg"));
        var texts = svg.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value).ToList();
        foreach (var text in new[] { "Time per token: llama-1b", "Memory of the device: llama-1b", "deadline", "memory limit", "chosen", "keeps all limits", "breaks one", "4 bits per weight" })
            Assert.Contains(text, texts, StringComparer.Ordinal);
    }

    [Fact]
    public async Task Plan_PlotThatCannotBeWritten_IsRefused() =>
        (await PlanAsync([.. Small, "--plot", _folder.PathTo("missing", "plan.svg")])).Refused(ExitCode.Output, "plan.svg");

    [Theory]
    [InlineData("--device-memory", "512", "a size above 0 such as 512MB")]
    [InlineData("--device-profile", "toaster", "pi5")]
    [InlineData("--worker-profile", "toaster", "server")]
    [InlineData("--link", "rayleigh:bw=10MHz", "snr= with a signal-to-noise ratio")]
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

    /// <summary>The first thing that a newcomer sees of planning.</summary>
    [Fact]
    public async Task Plan_ExampleOfHelpAndDocuments_Splits()
    {
        var help = (await SplitActorsProcess.RunAsync("plan", "--help")).Succeeded().Output;
        var example = Regex.Match(help, "Example: splitactors (?<line>plan --shape .+)", RegexOptions.None, MatchTimeout).Groups["line"].Value.TrimEnd();
        foreach (var document in new[] { "README.md", "docs/cli.md" })
            Assert.Contains($"splitactors {example}", await File.ReadAllTextAsync(Repository.PathTo(document)), StringComparison.Ordinal);

        Assert.Matches(@"(?m)^plan +Split after layer \d+ of 32: ", (await PlanAsync(example.Split(' ')[1..])).Succeeded().Output);
    }

    private static JsonNode Json(ProcessResult result) => JsonNode.Parse(result.Succeeded().Output)!;

    private Task<ProcessResult> PlanAsync(string[] arguments) => SplitActorsProcess.RunAsync(["plan", "--profile-cache", _folder.Path, .. arguments]);
}
