using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class CalibrateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Text => Path.Combine(Repository.Quill, "calibration.txt");

    private string Out => _folder.PathTo("calibration.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Calibrate_Quill_WritesSettingsForEveryQuality()
    {
        _folder.Write("calibration.safetensors.unfinished", "of a run that was killed");
        var output = (await CalibrateAsync("--text", Text, "--split", "4", "--tokens", "2560")).Succeeded().Output;
        foreach (var quality in new[] { "0.1%", "0.5%", "1%", "3%" })
        {
            Assert.Matches($@"(?m)^ *4 +{quality} +rd, columns +\d\.\d+rms +\d+\.\d+ ± \d+\.\d+ % +\d+\.\d+ %( !)? *$", output);
            Assert.Matches($@"(?m)^ *4 +{quality} +tabq +[\d.]+rms:\d +\d+\.\d+ ± \d+\.\d+ % +\d+\.\d+ %( !)? *$", output);
        }

        Assert.Matches(@"(?m)^id +[0-9a-f]{16}$", output);
        Assert.Equal(Out, Assert.Single(Directory.GetFileSystemEntries(_folder.Path)));
    }

    [Fact]
    public async Task Calibrate_Json_HasTheTransformsThatWereAskedFor()
    {
        var result = await CalibrateAsync("--text", Text, "--split", "7", "--tokens", "2560", "--klt", "--prediction", "--json");
        var split = JsonNode.Parse(result.Succeeded().Output)!["splits"]!.AsArray().Single()!;
        Assert.Equal(7, split["split_layer"]!.GetValue<int>());
        var transforms = split["rate_distortion"]!.AsArray().Select(step => step!["transform"]!.GetValue<string>()).Distinct(StringComparer.Ordinal);
        Assert.Equal("none columns klt prediction", string.Join(' ', transforms));
        Assert.Equal(4, split["tabq"]!.AsArray().Count);
        Assert.All(split["tabq"]!.AsArray(), setting => Assert.NotNull(setting!["keeps_quality"]!.GetValue<bool?>()));
        Assert.DoesNotMatch(@"_percent"": -?\d+\.\d{5}", result.Output);
    }

    [Theory]
    [InlineData("--split", "8", "splits from 1 to 7")]
    [InlineData("--split", "0", "splits from 1 to 7")]
    [InlineData("--split", "5-3", "all, or splits such as 1,4 or 2-5")]
    [InlineData("--tokens", "10", "a whole number from 2560")]
    public async Task Calibrate_WrongOption_IsRefused(string option, string value, string expected)
    {
        (await CalibrateAsync("--text", Text, option, value)).Refused(ExitCode.Options, option, expected);
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public async Task Calibrate_NoText_IsRefused() => (await CalibrateAsync()).Refused(ExitCode.Options, "--text", "calibrate --help");

    [Fact]
    public async Task Calibrate_NeitherModelNorOut_KeepsTheCalibrationOfTheProgram()
    {
        var file = Path.Combine(Path.GetDirectoryName(SplitActorsProcess.ProgramPath)!, "models", "quill", "calibration.safetensors");
        var before = File.GetLastWriteTimeUtc(file);
        (await SplitActorsProcess.RunAsync("calibrate", "--text", Text, "--split", "4", "--tokens", "2560")).Refused(ExitCode.Options, "--out", "stays as it is", "--model");
        Assert.Equal(before, File.GetLastWriteTimeUtc(file));
        Assert.False(File.Exists(file + ".unfinished"));
    }

    [Fact]
    public async Task Calibrate_Device_IsRefused() =>
        (await SplitActorsProcess.RunAsync("calibrate", "--text", Text, "--out", "/dev/null")).Refused(ExitCode.Options, "--out", "'/dev/null'");

    [Fact]
    public async Task Calibrate_TextThatIsNotThere_IsRefused() =>
        (await CalibrateAsync("--text", _folder.PathTo("nothing.txt"))).Refused(ExitCode.Options, "nothing.txt");

    [Fact]
    public async Task Calibrate_ShortText_IsRefused()
    {
        _folder.Write("short.txt", "Once upon a time");
        (await CalibrateAsync("--text", _folder.PathTo("short.txt"))).Refused(ExitCode.Prompt, "short.txt", "at least 2560 tokens");
    }

    [Fact]
    public async Task Calibrate_ModelOfOneLayer_IsRefused()
    {
        using var model = new CheckpointBuilder();
        model.Config["num_hidden_layers"] = 1;
        model.Config["vocab_size"] = 4096;
        model.AddModelTensors().WriteSingleFile().Write("tokenizer.json", await File.ReadAllBytesAsync(Path.Combine(Repository.Quill, "tokenizer.json")));
        foreach (var split in new[] { "1", "all" })
            (await CalibrateAsync("--model", model.Folder, "--text", Text, "--split", split)).Refused(ExitCode.Options, "--model", "a model with at least 2 layers");
    }

    [Fact]
    public async Task Calibrate_OtherSplit_KeepsThoseOfTheFile()
    {
        (await CalibrateAsync("--text", Text, "--split", "7", "--tokens", "2560")).Succeeded();
        var alone = File.ReadAllBytes(Out);
        (await CalibrateAsync("--text", Text, "--split", "5", "--tokens", "2560")).Succeeded();
        var both = JsonNode.Parse((await CalibrateAsync("--text", Text, "--split", "5", "--tokens", "2560", "--json")).Succeeded().Output)!;
        Assert.Equal([5, 7], both["splits"]!.AsArray().Select(split => split!["split_layer"]!.GetValue<int>()));

        // All of its splits: replaced by one of other tokens.
        (await CalibrateAsync("--text", Text, "--split", "5,7", "--tokens", "2700")).Succeeded();
        File.Delete(Out);
        (await CalibrateAsync("--text", Text, "--split", "7", "--tokens", "2560")).Succeeded();
        Assert.Equal(alone, File.ReadAllBytes(Out));
    }

    [Fact]
    public async Task Calibrate_OtherSplitsThatCannotStay_IsRefusedAtOnce()
    {
        (await CalibrateAsync("--text", Text, "--split", "7", "--tokens", "2560")).Succeeded();
        var before = File.ReadAllBytes(Out);
        foreach (var (options, found) in new (string[], string)[]
        {
            (["--tokens", "2600"], "one of 2048 and 512 tokens, not 2080 and 520 (--tokens)"),
            (["--tokens", "2560", "--klt"], "one with another --klt"),
            (["--tokens", "2560", "--prediction"], "one with another --prediction"),
        })
        {
            (await CalibrateAsync(["--text", Text, "--split", "4", .. options]))
                .Refused(ExitCode.Output, Out, "split 7 can be kept", found, "Calibrate all of its splits");
        }

        Assert.Equal(before, File.ReadAllBytes(Out));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Calibrate_FileOfAnotherText_IsRefusedAtOnce()
    {
        File.Copy(Path.Combine(Repository.Quill, "calibration.safetensors"), Out);
        _folder.Write("other.txt", string.Concat(Enumerable.Repeat("Once upon a time there was a dog. ", 400)));
        (await CalibrateAsync("--text", _folder.PathTo("other.txt"), "--split", "4")).Refused(ExitCode.Output, Out, "one of another text", "--out");
    }

    [Fact]
    public async Task Calibrate_DamagedFile_IsReplacedByAllSplitsOnly()
    {
        File.WriteAllBytes(Out, File.ReadAllBytes(Path.Combine(Repository.Quill, "calibration.safetensors"))[..^1]);
        (await CalibrateAsync("--text", Text, "--split", "4", "--tokens", "2560")).Refused(ExitCode.Output, Out, "damaged", "Calibrate all of its splits");
        (await CalibrateAsync("--text", Text, "--tokens", "2560")).Succeeded();
    }

    [Fact]
    public async Task Calibrate_Folder_IsRefused()
    {
        Directory.CreateDirectory(Out);
        (await CalibrateAsync("--text", Text)).Refused(ExitCode.Output, Out, "a place to write to, found a folder");
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Calibrate_Interrupted_LeavesNothing()
    {
        using var watcher = new FileSystemWatcher(_folder.Path, "*.unfinished") { EnableRaisingEvents = true };
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Created += (_, _) => begun.TrySetResult();
        using var running = new SplitActorsProcess("calibrate", "--text", Text, "--out", Out, "--json").Start(); // minutes of work

        await begun.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await running.SignalAsync("INT");

        var result = await running.WaitAsync();
        Assert.Equal((ExitCode.Interrupted, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Calibration_Truncated_SaysToCalibrateAgain()
    {
        using var model = Quill.Copy();
        model.Write("calibration.safetensors", File.ReadAllBytes(Path.Combine(Repository.Quill, "calibration.safetensors"))[..^1]);
        (await SplitActorsProcess.RunAsync("codec", "measure", "--model", model.Folder, "--text", Text, "--tokens", "10", "--split", "7", "--codec", "rd:1%"))
            .Refused(ExitCode.Checkpoint, "calibration.safetensors", "Run `splitactors calibrate` again.");
    }

    [Fact]
    public async Task Calibrate_PlaceThatCannotBeWritten_IsRefused()
    {
        _folder.Write("file", "");
        (await SplitActorsProcess.RunAsync("calibrate", "--text", Text, "--out", _folder.PathTo("file", "calibration")))
            .Refused(ExitCode.Output, "a place to write to");
    }

    [Fact]
    public async Task Calibrate_Help_ShowsAnExample() =>
        Assert.Contains("Example: splitactors calibrate --model", (await SplitActorsProcess.RunAsync("calibrate", "--help")).Succeeded().Output, StringComparison.Ordinal);

    private Task<ProcessResult> CalibrateAsync(params string[] arguments) => SplitActorsProcess.RunAsync(["calibrate", "--out", Out, .. arguments]);
}
