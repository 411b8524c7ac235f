using System.Text.Json.Nodes;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class QuantizeCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Package => _folder.PathTo("package");

    [Fact]
    public async Task Quantize_Quill_IsShownByModel()
    {
        var output = (await QuantizeAsync("--split", "3", "--front-bits", "4", "--back-bits", "8")).Succeeded().Output;
        Assert.Matches(@"(?m)^front +3 layers, int4 in groups of 32: [\d.]+ MiB in model-front.safetensors$", output);
        Assert.Matches(@"(?m)^back +5 layers, int8 in groups of 32: [\d.]+ MiB in model-back.safetensors$", output);
        Assert.Matches(@"(?m)^next +splitactors run "".+"" --model \S+ --split 3$", output);

        var model = (await SplitActorsProcess.RunAsync("model", Package)).Succeeded().Output;
        Assert.Matches(@"(?m)^ +front +3 +int4 in groups of 32 +[\d.]+ +[\d.]+ +model-front.safetensors *$", model);
        Assert.Matches(@"(?m)^ +back +5 +int8 in groups of 32 +[\d.]+ +[\d.]+ +model-back.safetensors *$", model);
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Quantize_Defaults_KeepsTheBack()
    {
        var json = JsonNode.Parse((await QuantizeAsync("--json")).Succeeded().Output)!;
        Assert.Equal(Quill.LayerCount / 2, json["split_layer"]!.GetValue<int>());
        var (front, back) = (json["parts"]![0]!, json["parts"]![1]!);
        Assert.Equal(("front", 4, 32), (Text(front, "name"), Number(front, "bits"), Number(front, "group_size")));
        Assert.Equal(("back", 16, null), (Text(back, "name"), Number(back, "bits"), back["group_size"]));
        Assert.Equal(new FileInfo(Path.Combine(Repository.Quill, "model.safetensors")).Length, Number(json, "source_bytes"));
        Assert.Equal(
            Directory.GetFiles(Package, "model-*.safetensors").Sum(file => new FileInfo(file).Length), Number(json, "file_bytes"));
    }

    [Fact]
    public async Task Quantize_EachFrontWidth_IsSmallerThanTheNext()
    {
        var bytes = new List<long>();
        foreach (var bits in new[] { "2", "3", "4", "8", "16" })
        {
            var json = await QuantizeAsync("--front-bits", bits, "--json", "--out", _folder.PathTo(bits));
            bytes.Add(Number(JsonNode.Parse(json.Succeeded().Output)!["parts"]![0]!, "weight_bytes"));
        }

        Assert.Equal(bytes.Order(), bytes);
        Assert.Equal(bytes.Count, bytes.Distinct().Count());
    }

    [Fact]
    public async Task Quantize_SettingsInTheEnvironment_AreRead()
    {
        var process = new SplitActorsProcess("quantize", "--json")
        {
            Environment = [("SPLITACTORS_OUT", Package), ("SPLITACTORS_BACK_BITS", "8"), ("SPLITACTORS_GROUP_SIZE", "128")],
        };
        var back = JsonNode.Parse((await process.RunAsync()).Succeeded().Output)!["parts"]![1]!;
        Assert.Equal((8, 128), (Number(back, "bits"), Number(back, "group_size")));
    }

    [Fact]
    public async Task Run_PackageOf16Bits_WritesTheTextOfItsSource()
    {
        (await QuantizeAsync("--split", "3", "--front-bits", "16")).Succeeded();
        string[] run = ["run", Quill.Golden[0].Prompt, "--split", "3", "--max-tokens", "24", "--temperature", "0", "--model"];
        var source = (await SplitActorsProcess.RunAsync([.. run, Repository.Quill])).Text;
        Assert.Equal(source, (await SplitActorsProcess.RunAsync([.. run, Package])).Text);
    }

    [Theory]
    [InlineData("--split", "9", "0 to 8 layers")]
    [InlineData("--split", "-1", "a number of layers, or auto")]
    [InlineData("--front-bits", "5", "one of 16, 8, 4, 3, 2")]
    [InlineData("--back-bits", "x", "one of 16, 8, 4, 3, 2")]
    [InlineData("--group-size", "48", "one of 32, 64, 128")]
    [InlineData("--out", "", "at least one character")]
    public async Task Quantize_WrongOption_IsRefused(string option, string value, string expected)
    {
        (await QuantizeAsync(option, value)).Refused(ExitCode.Options, option, expected);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Quantize_NoFolder_IsRefused() =>
        (await SplitActorsProcess.RunAsync("quantize")).Refused(ExitCode.Options, "--out", "quantize --help");

    [Fact]
    public async Task Quantize_FolderWithFiles_IsRefusedAndKept()
    {
        _folder.Write("package/notes.txt", "mine");
        (await QuantizeAsync()).Refused(ExitCode.Output, Package, "a new or an empty folder");
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder.PathTo("package", "notes.txt")));
    }

    [Fact]
    public async Task Quantize_PlaceThatCannotBeWritten_IsRefused()
    {
        _folder.Write("file", "");
        (await QuantizeAsync("--out", _folder.PathTo("file", "package"))).Refused(ExitCode.Output, "a place to write to");
    }

    [Fact]
    public async Task Quantize_Interrupted_LeavesNothing()
    {
        using var model = Quill.Copy().Delete("SHA256SUMS");
        var template = model.PathTo("chat_template.jinja");
        using (var makePipe = System.Diagnostics.Process.Start("mkfifo", [template]))
            await makePipe.WaitForExitAsync();
        using var running = new SplitActorsProcess("quantize", "--model", model.Folder, "--out", Package).Start();

        // The program waits for a file to copy when the folder is begun; no matrix is quantized yet.
        await using (var pipe = await Task.Run(() => new FileStream(template, FileMode.Open, FileAccess.Write)))
        {
            Assert.EndsWith(".unfinished", Assert.Single(Directory.GetDirectories(_folder.Path)), StringComparison.Ordinal);
            await running.SignalAsync("INT");
            await pipe.WriteAsync("{}"u8.ToArray());
        }

        var result = await running.WaitAsync();
        Assert.Equal((ExitCode.Interrupted, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    /// <summary>The folder beside, or within one that is there, of a run that nobody could ask to clean up.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Quantize_AfterARunThatWasKilled_TakesItsPlaceOver(bool isThere)
    {
        if (isThere)
            Directory.CreateDirectory(Package);
        using var model = Quill.Copy().Delete("SHA256SUMS");
        var template = model.PathTo("chat_template.jinja");
        using (var makePipe = System.Diagnostics.Process.Start("mkfifo", [template]))
            await makePipe.WaitForExitAsync();
        using var running = new SplitActorsProcess("quantize", "--model", model.Folder, "--out", Package).Start();
        await using (await Task.Run(() => new FileStream(template, FileMode.Open, FileAccess.Write)))
        {
            (await QuantizeAsync()).Refused(ExitCode.Output, ".unfinished", "a run that writes it now");
            await running.SignalAsync("KILL");
            await running.WaitAsync();
        }

        Assert.Single(Directory.GetDirectories(_folder.Path, isThere ? "package/.unfinished" : "package.unfinished"));
        (await QuantizeAsync()).Succeeded();
        Assert.Equal(Package, Assert.Single(Directory.GetFileSystemEntries(_folder.Path)));
        Assert.Empty(Directory.GetDirectories(Package));
        (await SplitActorsProcess.RunAsync("model", Package, "--verify")).Succeeded();
    }

    /// <summary>As where a run was killed while its files took their places.</summary>
    [Fact]
    public async Task Quantize_FolderHalfFilled_NamesWhatIsInIt()
    {
        _folder.Write("package/model-front.safetensors", "").Write("package/.unfinished/.splitactors", "");
        (await QuantizeAsync()).Refused(ExitCode.Output, Package, "files in it, and .unfinished of a run that was killed");
    }

    [Fact]
    public async Task Quantize_SomebodysFolderOfThatName_IsRefusedAndKept()
    {
        _folder.Write("package.unfinished/notes.txt", "mine");
        (await QuantizeAsync()).Refused(ExitCode.Output, "package.unfinished", "no run of splitactors left");
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder.PathTo("package.unfinished", "notes.txt")));
    }

    [Fact]
    public async Task Help_OfQuantize_ListsEverySettingAndExample()
    {
        var help = (await SplitActorsProcess.RunAsync("quantize", "--help")).Succeeded().Output;
        Assert.Contains("Example: splitactors quantize ", help, StringComparison.Ordinal);
        Assert.All(QuantizeSettings.All, setting => Assert.Contains($"--{setting.Name}", help, StringComparison.Ordinal));
    }

    [Fact]
    public void Documents_NameEverySettingOfQuantize()
    {
        var section = File.ReadAllText(Repository.PathTo("docs", "cli.md")).Split("\n## ").Single(text => text.StartsWith("splitactors quantize", StringComparison.Ordinal));
        Assert.All(QuantizeSettings.All, setting => Assert.Matches($@"--{setting.Name}(?![\w-])", section));
    }

    private Task<ProcessResult> QuantizeAsync(params string[] arguments) =>
        SplitActorsProcess.RunAsync(["quantize", .. arguments.Contains("--out", StringComparer.Ordinal) ? [] : new[] { "--out", Package }, .. arguments]);

    private static string Text(JsonNode node, string field) => node[field]!.GetValue<string>();

    private static long Number(JsonNode node, string field) => node[field]!.GetValue<long>();
}
