using System.Text.Json.Nodes;
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
        var output = (await CalibrateAsync("--text", Text, "--split", "4", "--tokens", "2000")).Succeeded().Output;
        foreach (var quality in new[] { "0.1%", "0.5%", "1%", "3%" })
        {
            Assert.Matches($@"(?m)^ *4 +{quality} +rd, columns +step \d\.\d+ rms +\d+\.\d+ ± \d+\.\d+ % *$", output);
            Assert.Matches($@"(?m)^ *4 +{quality} +tabq +[\d.]+rms, \d to \d bits, Δ [\d.]+ +-?\d+\.\d+ ± \d+\.\d+ % *$", output);
        }

        Assert.Matches(@"(?m)^id +[0-9a-f]{16}$", output);
        Assert.True(File.Exists(Out));
    }

    [Fact]
    public async Task Calibrate_Json_HasTheTransformsThatWereAskedFor()
    {
        var result = await CalibrateAsync("--text", Text, "--split", "7", "--tokens", "2000", "--klt", "--prediction", "--json");
        var split = JsonNode.Parse(result.Succeeded().Output)!["splits"]!.AsArray().Single()!;
        Assert.Equal(7, split["split_layer"]!.GetValue<int>());
        var transforms = split["rate_distortion"]!.AsArray().Select(step => step!["transform"]!.GetValue<string>()).Distinct(StringComparer.Ordinal);
        Assert.Equal("none columns klt prediction", string.Join(' ', transforms));
        Assert.Equal(4, split["tabq"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("--split", "8", "1 to 7")]
    [InlineData("--split", "0", "a range such as 2-5")]
    [InlineData("--split", "5-3", "a range such as 2-5")]
    [InlineData("--tokens", "10", "a whole number from 2000")]
    public async Task Calibrate_WrongOption_IsRefused(string option, string value, string expected)
    {
        (await CalibrateAsync("--text", Text, option, value)).Refused(ExitCode.Options, option, expected);
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public async Task Calibrate_NoText_IsRefused() => (await CalibrateAsync()).Refused(ExitCode.Options, "--text", "calibrate --help");

    [Fact]
    public async Task Calibrate_TextThatIsNotThere_IsRefused() =>
        (await CalibrateAsync("--text", _folder.PathTo("nothing.txt"))).Refused(ExitCode.Options, "--text", "nothing.txt");

    [Fact]
    public async Task Calibrate_ShortText_IsRefused()
    {
        _folder.Write("short.txt", "Once upon a time");
        (await CalibrateAsync("--text", _folder.PathTo("short.txt"))).Refused(ExitCode.Options, "short.txt", "at least 2000 tokens");
    }

    [Fact]
    public async Task Calibrate_PlaceThatCannotBeWritten_IsRefused()
    {
        _folder.Write("file", "");
        (await SplitActorsProcess.RunAsync("calibrate", "--text", Text, "--split", "7", "--tokens", "2000", "--out", _folder.PathTo("file", "calibration")))
            .Refused(ExitCode.Output, "a place to write to");
    }

    [Fact]
    public async Task Calibrate_Help_ShowsAnExample() =>
        Assert.Contains("Example: splitactors calibrate --model", (await SplitActorsProcess.RunAsync("calibrate", "--help")).Succeeded().Output, StringComparison.Ordinal);

    private Task<ProcessResult> CalibrateAsync(params string[] arguments) => SplitActorsProcess.RunAsync(["calibrate", "--out", Out, .. arguments]);
}
