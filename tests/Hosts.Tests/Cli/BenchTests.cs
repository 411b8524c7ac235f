using System.Text.Json.Nodes;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class BenchTests : IDisposable
{
    private const string Shape = "quill";
    private const long KvPageTokens = 16;
    private const long KvBytesPerToken = 2 * 2 * 64 * sizeof(ushort); // of a layer: K and V, 2 heads of 64

    private static readonly string[] Spreads =
        ["prefill_tokens_per_second", "decode_tokens_per_second", "read_gigabytes_per_second", "bandwidth_gigabytes_per_second", "bandwidth_share"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bench_Quill_SaysWhatItMeasured()
    {
        var json = await JsonAsync("--prompt", "40", "--decode", "9", "--rounds", "3", "--threads", "1");

        Assert.Equal((1, Quill.LayerCount, Quill.LayerCount), (Number(json, "first_layer"), Number(json, "last_layer"), Number(json, "layer_count")));
        Assert.Equal((40, 9, 1, 1, 16), (Number(json, "prompt_tokens"), Number(json, "decode_tokens"), Number(json, "batch"), Number(json, "threads"), Number(json, "kv_bits")));
        Assert.Equal(Number(json, "weight_bytes"), Number(json, "bytes_per_token")); // embedding and head are one matrix
        Assert.Equal(6_951_168, Number(json, "parameters"));
        Assert.InRange(Number(json, "weight_bytes"), 2 * 6_900_000, 2 * 6_951_168); // without the norms
        Assert.Equal(4 * KvPageTokens * Quill.LayerCount * KvBytesPerToken, Number(json, "kv_bytes")); // 49 tokens take four pages
        Assert.Equal(Number(json, "peak_memory_bytes") - Number(json, "weight_bytes") - Number(json, "kv_bytes"), Number(json, "overhead_bytes"));
        Assert.InRange(Number(json, "overhead_bytes"), 10 << 20, 120 << 20);
        Assert.True(json["load_seconds"]!.GetValue<double>() > 0);
    }

    [Fact]
    public async Task Bench_Figures_AreThoseOfTheRounds()
    {
        var json = await JsonAsync("--prompt", "20", "--decode", "5", "--rounds", "3");

        var rounds = json["rounds"]!.AsArray();
        Assert.Equal(3, rounds.Count);
        foreach (var field in Spreads)
        {
            double[] figures = [.. rounds.Select(round => Figure(round!, field)).Order()];
            Assert.True(figures[0] > 0);
            Assert.Equal(figures, new[] { "min", "median", "max" }.Select(name => json[field]![name]!.GetValue<double>()));
        }

        var bytes = Number(json, "bytes_per_token");
        Assert.All(rounds, round =>
        {
            AssertClose(Figure(round!, "decode_tokens_per_second") * bytes / 1e9, Figure(round!, "read_gigabytes_per_second"));
            AssertClose(Figure(round!, "read_gigabytes_per_second") / Figure(round!, "bandwidth_gigabytes_per_second"), Figure(round!, "bandwidth_share"));
        });
    }

    [Fact]
    public async Task Bench_Batch_ReadsWeightsOnceForAllSequences()
    {
        var json = await JsonAsync("--shape", Shape, "--batch", "3", "--prompt", "20", "--decode", "5", "--rounds", "1");

        var round = json["rounds"]![0]!;
        AssertClose(Figure(round, "decode_tokens_per_second") / 3 * Number(json, "bytes_per_token") / 1e9, Figure(round, "read_gigabytes_per_second"));
        Assert.Equal(3 * 2 * KvPageTokens * Quill.LayerCount * KvBytesPerToken, Number(json, "kv_bytes"));
    }

    [Fact]
    public async Task Bench_Defaults_FitTheContext()
    {
        var json = await JsonAsync("--shape", Shape, "--rounds", "1");
        Assert.Equal((Quill.ContextLength - 64, 64), (Number(json, "prompt_tokens"), Number(json, "decode_tokens")));
        Assert.Equal("int4 in groups of 32", json["weights"]!.GetValue<string>());
    }

    [Fact]
    public async Task Bench_FewerBits_AreFewerBytes()
    {
        var bytes = new List<long>();
        foreach (var bits in new[] { "2", "3", "4", "8", "16" })
            bytes.Add(Number(await JsonAsync("--bits", bits, "--prompt", "2", "--decode", "1", "--rounds", "1"), "weight_bytes"));

        Assert.Equal(bytes.Order(), bytes);
        Assert.Equal(bytes.Count, bytes.Distinct().Count());
    }

    [Fact]
    public async Task Bench_FewerKvBits_AreFewerBytes()
    {
        var bytes = new List<long>();
        foreach (var bits in new[] { "4", "8", "16", "32" })
            bytes.Add(Number(await JsonAsync("--shape", Shape, "--kv-bits", bits, "--prompt", "2", "--decode", "1", "--rounds", "1"), "kv_bytes"));

        Assert.Equal(bytes.Order(), bytes);
        Assert.Equal(bytes.Count, bytes.Distinct().Count());
    }

    [Theory]
    [InlineData("--part front", 1, 4, true, false)]
    [InlineData("--part back", 5, 8, false, true)]
    [InlineData("--part front --split 3", 1, 3, true, false)]
    [InlineData("--part back --split 0", 1, 8, true, true)]
    [InlineData("--layers 3-5", 3, 5, false, false)]
    [InlineData("--layers 8-8", 8, 8, false, true)]
    public async Task Bench_Part_LoadsItAlone(string part, int first, int last, bool hasEmbedding, bool hasHead)
    {
        var json = await JsonAsync([.. "--shape quill --prompt 20 --decode 3 --rounds 1".Split(' '), .. part.Split(' ')]);

        Assert.Equal((first, last), (Number(json, "first_layer"), Number(json, "last_layer")));
        Assert.Equal((hasEmbedding, hasHead), (json["has_embedding"]!.GetValue<bool>(), json["has_head"]!.GetValue<bool>()));
        Assert.Equal((last - first + 1) * 2 * KvPageTokens * KvBytesPerToken, Number(json, "kv_bytes"));
    }

    [Fact]
    public async Task Bench_Store_WritesPackageOnce()
    {
        var package = _folder.PathTo("package");
        string[] bench = ["--shape", Shape, "--bits", "4", "--split", "3", "--prompt", "20", "--decode", "3", "--rounds", "1", "--store", package];
        var whole = await JsonAsync(bench);
        var written = Directory.GetFiles(package).ToDictionary(file => file, File.GetLastWriteTimeUtc, StringComparer.Ordinal);

        var model = JsonNode.Parse((await SplitActorsProcess.RunAsync("model", package, "--json")).Succeeded().Output)!;
        Assert.Equal([3, 5], model["parts"]!.AsArray().Select(part => Number(part!, "layer_count")));
        var front = await JsonAsync([.. bench, "--part", "front"]);
        Assert.Equal((1, 3), (Number(front, "first_layer"), Number(front, "last_layer")));
        Assert.InRange(Number(front, "weight_bytes"), 1, Number(whole, "weight_bytes") / 2);
        Assert.Equal(written, Directory.GetFiles(package).ToDictionary(file => file, File.GetLastWriteTimeUtc, StringComparer.Ordinal));

        File.Delete(Path.Combine(package, "model-back.safetensors"));
        await JsonAsync([.. bench, "--part", "front"]); // as on a device, which has no other file
    }

    [Theory]
    [InlineData("--bits", "8")]
    [InlineData("--split", "4")]
    [InlineData("--group-size", "64")]
    public async Task Bench_StoreHoldsAnotherModel_IsRefused(string option, string value)
    {
        string[] bench = ["bench", "--shape", Shape, "--prompt", "2", "--decode", "1", "--rounds", "1", "--store", _folder.PathTo("package")];
        (await SplitActorsProcess.RunAsync([.. bench, "--split", "3"])).Succeeded();
        string[] split = option == "--split" ? [] : ["--split", "3"];
        (await SplitActorsProcess.RunAsync([.. bench, .. split, option, value])).Refused(ExitCode.Options, "--store", "another model");
    }

    [Fact]
    public async Task Bench_Step_RunsARoundForEachLine()
    {
        var process = new SplitActorsProcess("bench", "--shape", Shape, "--prompt", "20", "--decode", "5", "--rounds", "9", "--step", "--json") { Input = "\n\n\n"u8.ToArray() };
        var result = (await process.RunAsync()).Succeeded();

        Assert.Empty(result.Error);
        Assert.Equal(3, result.JsonLines.Count);
        Assert.All(result.JsonLines, round =>
        {
            Assert.StartsWith("splitactors", round["engine"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.All(Spreads[..3], field => Assert.True(Figure(round, field) > 0));
        });
    }

    [Fact]
    public async Task Bench_StepWithFewerRoundsThanLines_Ends()
    {
        var process = new SplitActorsProcess("bench", "--shape", Shape, "--prompt", "2", "--decode", "1", "--rounds", "2", "--step") { Input = "\n\n\n\n"u8.ToArray() };
        Assert.Equal(2, (await process.RunAsync()).Succeeded().JsonLines.Count);
    }

    [Fact]
    public async Task Bench_Text_NamesEveryFigure()
    {
        var result = (await SplitActorsProcess.RunAsync("bench", "--prompt", "20", "--decode", "3", "--rounds", "2")).Succeeded();
        string[] lines = ["model", "weights", "work", "rounds", "prefill", "decode", "decode reads", "bandwidth", "share", "KV cache", "peak memory"];
        Assert.All(lines, line => Assert.Matches($@"(?m)^{line}  +\S", result.Output));
        Assert.Contains("measuring: round 2 of 2", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_InterruptedBetweenRounds_Ends()
    {
        var input = _folder.PathTo("input");
        using (var makePipe = System.Diagnostics.Process.Start("mkfifo", [input]))
            await makePipe.WaitForExitAsync();
        using var running = new SplitActorsProcess("bench", "--shape", Shape, "--prompt", "2", "--decode", "1", "--step") { Redirection = $"< '{input}'" }.Start();
        await using var pipe = await Task.Run(() => new FileStream(input, FileMode.Open, FileAccess.Write));
        await pipe.WriteAsync("\n"u8.ToArray());
        await pipe.FlushAsync();
        Assert.NotEmpty(await running.ReadOutputAsync());

        await running.SignalAsync("INT");

        var result = await running.WaitAsync();
        Assert.Equal((ExitCode.Interrupted, ""), (result.ExitCode, result.Error));
        Assert.Single(result.JsonLines);
    }

    [Theory]
    [InlineData("--shape llama-2b", "--shape", "llama-1b", "'llama-2b'")]
    [InlineData("--shape quill --model x", "--model", "--shape")]
    [InlineData("--store x", "--store", "--shape")]
    [InlineData("--split 3", "--split", "--part")]
    [InlineData("--part front --layers 1-3", "--layers", "--part")]
    [InlineData("--part middle", "--part", "whole, front or back")]
    [InlineData("--part front --split 9", "--split", "0 to 8 layers")]
    [InlineData("--part front --split 0", "--split", "a layer on the front side")]
    [InlineData("--part back --split 8", "--split", "a layer on the back side")]
    [InlineData("--layers 3", "--layers", "such as 1-8")]
    [InlineData("--layers 0-3", "--layers", "such as 1-8")]
    [InlineData("--layers 5-4", "--layers", "such as 1-8")]
    [InlineData("--layers 5-9", "--layers", "layers from 1 to 8")]
    [InlineData("--bits 5", "--bits", "one of 16, 8, 4, 3, 2")]
    [InlineData("--group-size 48", "--group-size", "one of 32, 64, 128")]
    [InlineData("--kv-bits 5", "--kv-bits", "one of 32, 16, 8, 4")]
    [InlineData("--threads 0", "--threads", "1 to")]
    [InlineData("--threads 100000", "--threads", "1 to")]
    [InlineData("--prompt 0", "--prompt", "1 to")]
    [InlineData("--prompt 500", "--prompt plus --decode", "512", "'564'")]
    [InlineData("--decode 512", "--decode", "512")]
    [InlineData("--batch 0", "--batch", "1 to 256")]
    [InlineData("--rounds 0", "--rounds", "1 to")]
    public async Task Bench_WrongOption_IsRefused(string options, params string[] named) =>
        (await SplitActorsProcess.RunAsync(["bench", .. options.Split(' ')])).Refused(ExitCode.Options, named);

    [Fact]
    public async Task Bench_SplitFromTheEnvironment_IsNamedSo() =>
        (await new SplitActorsProcess("bench", "--part", "front") { Environment = [("SPLITACTORS_SPLIT", "9")] }.Start().WaitAsync())
            .Refused(ExitCode.Options, "SPLITACTORS_SPLIT", "0 to 8 layers");

    [Fact]
    public async Task Bench_MoreThanTheMemory_IsRefused() =>
        (await new SplitActorsProcess("bench", "--shape", "llama-1b", "--layers", "1-3", "--prompt", "4", "--decode", "1") { Environment = [("DOTNET_GCHeapHardLimit", "4000000")] }.Start().WaitAsync())
            .Refused(ExitCode.Failure, "Memory", "at most 0.06 GiB", "Take fewer bits");

    [Fact]
    public async Task Bench_PackageOfOtherBits_IsRefused()
    {
        var package = _folder.PathTo("package");
        (await SplitActorsProcess.RunAsync("quantize", "--out", package)).Succeeded();
        (await SplitActorsProcess.RunAsync("bench", "--model", package, "--bits", "8")).Refused(ExitCode.Checkpoint, "int8", "int4");
    }

    [Fact]
    public async Task Help_OfBench_ListsEverySettingAndExample()
    {
        var help = (await SplitActorsProcess.RunAsync("bench", "--help")).Succeeded().Output;
        Assert.Contains("Example: splitactors bench ", help, StringComparison.Ordinal);
        Assert.All(BenchSettings.All, setting => Assert.Contains($"--{setting.Name}", help, StringComparison.Ordinal));
    }

    [Fact]
    public void Documents_NameEverySettingOfBench()
    {
        var section = File.ReadAllText(Repository.PathTo("docs", "cli.md")).Split("\n## ").Single(text => text.StartsWith("splitactors bench", StringComparison.Ordinal));
        Assert.All(BenchSettings.All, setting => Assert.Matches($@"--{setting.Name}(?![\w-])", section));
    }

    private static async Task<JsonNode> JsonAsync(params string[] arguments) =>
        JsonNode.Parse((await SplitActorsProcess.RunAsync(["bench", "--json", .. arguments])).Succeeded().Output)!;

    private static long Number(JsonNode node, string field) => node[field]!.GetValue<long>();

    private static double Figure(JsonNode node, string field) => node[field]!.GetValue<double>();

    private static void AssertClose(double expected, double actual) => Assert.InRange(actual, expected * 0.999999, expected * 1.000001);
}
