using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class CodecCommandTests : IDisposable
{
    private const string Example = "A29118 60B1 018A1C04 B84126 9AD4A6D5 C3CD9516\n"; // of docs/wire-format.md

    private readonly TemporaryFolder _folder = new();

    private static string Text => Path.Combine(Repository.Quill, "heldout.txt");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Measure_Table_HasARowForEachSplitAndCodec()
    {
        var output = (await MeasureAsync("--split", "3,5", "--codec", "fp16,q80,tabq:6.5rms:4-5:0.12", "--tokens", "600")).Succeeded().Output;
        Assert.Matches(@"(?m)^text +600 tokens, perplexity [\d.]+ without compression$", output);
        Assert.Matches(@"(?m)^ *3 +fp16 +16.000 +512.0 +1.00 +512.0 +-?0.0\d+ ", output);
        Assert.Matches(@"(?m)^ *5 +q80 +8.500 +272.0 +1.88 +272.0 ", output);
        Assert.Matches(@"(?m)^ *all +tabq:6.5rms:4-5:0.12 +3.\d+ +1\d\d.\d +4.\d\d +1\d\d.\d +-?\d.\d+ +\d.\d+ +\d+.\d\d( +\d+.\d\d){4} *$", output);
    }

    [Fact]
    public async Task Measure_TabqGrid_HasABestSetting()
    {
        var output = (await MeasureAsync("--split", "4", "--codec", "tabq", "--threshold", "3rms,none", "--bits", "8,7-8", "--tolerance", "0.1,0.2", "--tokens", "100")).Succeeded().Output;
        Assert.Matches(@"(?m)^best tabq +tabq:\S+: [\d.]+ times smaller than fp16 ", output);
        string[] codecs = ["tabq:3rms:8", "tabq:3rms:7-8:0.1", "tabq:3rms:7-8:0.2", "tabq:none:8", "tabq:none:7-8:0.1", "tabq:none:7-8:0.2"];
        Assert.All(codecs, codec => Assert.Contains($" 4 {codec} ", output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Measure_OneStepOfEachTransform_IsCheaperTheMoreItKnows()
    {
        var result = await MeasureAsync("--split", "4", "--codec", "rd:0.3,rd+klt:0.3,rd+klt+prediction:0.3", "--tokens", "300", "--json");
        var splits = JsonNode.Parse(result.Succeeded().Output)!["splits"]!.AsArray();
        Assert.Equal("rd:0.3 rd+klt:0.3 rd+klt+prediction:0.3", string.Join(' ', splits.Select(split => split!["codec"]!.GetValue<string>())));
        var bytes = splits.Select(split => split!["bytes_per_token"]!.GetValue<double>()).ToList();
        Assert.Equal(bytes.OrderDescending(), bytes);
        Assert.Equal(3, bytes.Distinct().Count());
    }

    [Fact]
    public async Task Measure_Json_PlotAndFrames_AgreeWithEachOther()
    {
        var (plot, frames) = (_folder.PathTo("codecs.svg"), _folder.PathTo("frames"));
        var process = new SplitActorsProcess("codec", "measure", "--text", Text, "--json", "--plot", plot, "--save-frames", frames)
        {
            Environment = [("SPLITACTORS_TOKENS", "80"), ("SPLITACTORS_SPLIT", "1-2"), ("SPLITACTORS_CODEC", "int8-token,tabq:3rms:4")],
        };
        var result = (await process.RunAsync()).Succeeded();
        Assert.Empty(result.Error);
        var json = JsonNode.Parse(result.Output)!;
        Assert.Equal((4, 2, 80), (json["splits"]!.AsArray().Count, json["means"]!.AsArray().Count, json["token_count"]!.GetValue<int>()));
        var first = json["splits"]![0]!;
        Assert.Equal((1, "int8-token", 260.0), (first["split_layer"]!.GetValue<int>(), first["codec"]!.GetValue<string>(), first["bytes_per_token"]!.GetValue<double>()));

        Assert.Equal(2, XDocument.Load(plot).Descendants("{http://www.w3.org/2000/svg}title").Count());
        var files = Directory.GetFiles(frames).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal);
        Assert.Equal(["split1.tabq_3rms_4.prefill.frame", "split1.tabq_3rms_4.token.frame", "split2.tabq_3rms_4.prefill.frame", "split2.tabq_3rms_4.token.frame"], files, StringComparer.Ordinal);
        var inspected = await SplitActorsProcess.RunAsync("codec", "inspect", Path.Combine(frames, "split1.tabq_3rms_4.prefill.frame"), "--json");
        Assert.Equal(64, JsonNode.Parse(inspected.Succeeded().Output)!["summary"]!["rows"]!.GetValue<int>());
    }

    [Fact]
    public async Task Measure_Synthetic_NeedsNoModelAndShowsWhatSplittingIsWorth()
    {
        string[] arguments = ["codec", "measure", "--synthetic", "heavy-tailed", "--width", "512", "--tokens", "70", "--codec", "int4-token,tabq,rd:0.3", "--threshold", "none,5", "--bits", "4"];
        var output = (await SplitActorsProcess.RunAsync(arguments)).Succeeded().Output;
        Assert.Matches(@"(?m)^states +70 tokens of 512 values: ", output);
        Assert.Matches(@"(?m)^ *codec +bits +B/token +ratio +B alone +error % +clean % +largest +enc µs", output);
        Assert.Matches(@"(?m)^ *tabq:5:4( +[\d.]+){11} *$", output);
        var json = JsonNode.Parse((await SplitActorsProcess.RunAsync([.. arguments, "--json"])).Succeeded().Output)!;
        Assert.Equal((512, 70, 0), (json["width"]!.GetValue<int>(), json["token_count"]!.GetValue<int>(), json["seed"]!.GetValue<int>()));
        var codecs = json["codecs"]!.AsArray().ToDictionary(codec => codec!["codec"]!.GetValue<string>(), codec => codec!, StringComparer.Ordinal);
        Assert.Equal(["int4-token", "tabq:none:4", "tabq:5:4", "rd:0.3"], codecs.Keys, StringComparer.Ordinal);
        foreach (var field in new[] { "error", "clean_error", "largest_error" })
            Assert.True(codecs["tabq:5:4"][field]!.GetValue<double>() < 0.7 * codecs["tabq:none:4"][field]!.GetValue<double>(), field);
    }

    [Fact]
    public async Task Measure_Synthetic_HasTheOrderedCodecsByDefault()
    {
        var output = (await SplitActorsProcess.RunAsync("codec", "measure", "--synthetic", "heavy-tailed", "--width", "64", "--tokens", "3")).Succeeded().Output;
        string[] codecs = ["int8-token", "int8-block64", "q80", "int4-g32", "tabq:none:8", "tabq:5:3", "tabq:3rms:4", "tabq:6.5rms:5", "rd:0.3"];
        Assert.All(codecs, codec => Assert.Contains($" {codec} ", output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--codec", "q81", "fp16, q80, ")]
    [InlineData("--codec", "tabq:3rms:9", "2 to 8 bits")]
    [InlineData("--codec", "tabq:3:4-5:-1", "at least 0")]
    [InlineData("--split", "0", "splits from 1 to 7")]
    [InlineData("--split", "3-1", "all, or splits such as")]
    [InlineData("--bits", "5-4", "2 to 8 bits")]
    [InlineData("--threshold", "3rms,x", "a positive magnitude")]
    [InlineData("--tokens", "0", "a whole number from 1")]
    [InlineData("--width", "8", "nothing without --synthetic")]
    [InlineData("--synthetic", "normal", "heavy-tailed")]
    public async Task Measure_WrongValue_IsRefused(string option, string value, string expected) =>
        (await MeasureAsync(option, value)).Refused(ExitCode.Options, option, expected);

    [Fact]
    public async Task Measure_SyntheticWithAText_IsRefused() =>
        (await MeasureAsync("--synthetic", "heavy-tailed")).Refused(ExitCode.Options, "--text", "nothing beside --synthetic");

    [Fact]
    public async Task Measure_Text_IsCheckedFirst()
    {
        (await SplitActorsProcess.RunAsync("codec", "measure")).Refused(ExitCode.Options, "--text", "nothing");
        (await SplitActorsProcess.RunAsync("codec", "measure", "--text", _folder.PathTo("none.txt"))).Refused(ExitCode.Options, "none.txt");
        File.WriteAllText(_folder.PathTo("empty.txt"), "");
        (await SplitActorsProcess.RunAsync("codec", "measure", "--text", _folder.PathTo("empty.txt"))).Refused(ExitCode.Prompt, "empty.txt", "0 tokens");
        File.WriteAllBytes(_folder.PathTo("latin.txt"), [0x61, 0xE9]);
        (await SplitActorsProcess.RunAsync("codec", "measure", "--text", _folder.PathTo("latin.txt"))).Refused(ExitCode.Prompt, "latin.txt", "byte 1");
    }

    [Fact]
    public async Task Measure_PlotThatCannotBeWritten_IsAnOutputError() =>
        (await MeasureAsync("--tokens", "10", "--split", "7", "--codec", "q80", "--json", "--plot", _folder.PathTo("none/plot.svg"))).Refused(ExitCode.Output, "plot.svg");

    [Fact]
    public async Task Measure_Interrupted_EndsWithoutATable()
    {
        var text = _folder.PathTo("text");
        using (var makePipe = System.Diagnostics.Process.Start("mkfifo", [text]))
            await makePipe.WaitForExitAsync();
        using var running = new SplitActorsProcess("codec", "measure", "--json", "--text", text).Start();
        await using (var pipe = await Task.Run(() => new FileStream(text, FileMode.Open, FileAccess.Write)))
        {
            await running.SignalAsync("INT"); // the program waits for its text
            await pipe.WriteAsync(File.ReadAllBytes(Text));
        }

        var result = await running.WaitAsync();
        Assert.Equal((ExitCode.Interrupted, "", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task Inspect_HexOnStandardInput_IsExplained()
    {
        var output = (await InspectAsync(Encoding.ASCII.GetBytes(Example), "-")).Succeeded().Output;
        Assert.Matches(@"(?m)^frame +20 bytes: 1 token of 12 values$", output);
        Assert.Matches(@"(?m)^ +6 +3 +8A 1C 04 +token 0, columns +5: 25 *$", output);
        Assert.Matches(@"(?m)^ +16 +4 +C3 CD 95 16 +CRC32C +1695CDC3, as it should be *$", output);
    }

    [Fact]
    public async Task Inspect_BinaryFile_IsExplained()
    {
        File.WriteAllBytes(_folder.PathTo("example.frame"), Convert.FromHexString(Example.Replace(" ", "", StringComparison.Ordinal).Trim()));
        Assert.Equal((await InspectAsync(Encoding.ASCII.GetBytes(Example), "-")).Output, (await InspectAsync([], _folder.PathTo("example.frame"))).Succeeded().Output);
    }

    [Fact]
    public async Task Inspect_KeysAndValues_AreExplained()
    {
        var frame = Repository.PathTo("tests", "Inference.Tests", "Compression", "GoldenFrames", "KeyValues", "tabq-layer.frame.bin");
        var output = (await InspectAsync([], frame)).Succeeded().Output;
        Assert.Matches(@"(?m)^frame +[\d,]+ bytes: keys and values of 9 positions, 48 at each$", output);
        Assert.Matches(@"(?m)^ +4 +1 +01 +grouping +a record for all heads of a layer at each position *$", output);
        Assert.Matches(@"(?m)^ +\d+ +1 +[0-9A-F]{2} +layer 4, values, position 8, bits +4 bits with the sign", output);
        var json = JsonNode.Parse((await SplitActorsProcess.RunAsync("codec", "inspect", frame, "--json")).Succeeded().Output)!;
        Assert.Equal(("keys_and_values", 432), (json["summary"]!["content"]!.GetValue<string>(), json["summary"]!["value_count"]!.GetValue<int>()));
        Assert.Equal(json["frame_bytes"]!.GetValue<int>(), json["fields"]!.AsArray().Sum(field => field!["byte_count"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Inspect_ExampleOfTheHelp_IsAFrame()
    {
        var help = (await SplitActorsProcess.RunAsync("codec", "inspect", "--help")).Succeeded().Output;
        var example = help.Split("echo ")[1].Split(" |")[0];
        Assert.Contains("1 token of 12 values", (await InspectAsync(Encoding.ASCII.GetBytes(example), "-")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_DamagedFrame_ShowsWhatComesBefore()
    {
        var result = await InspectAsync(Encoding.ASCII.GetBytes(Example.Replace("60B1", "60B2", StringComparison.Ordinal)), "-");
        Assert.Equal(ExitCode.Options, result.ExitCode);
        Assert.Contains("token 0, scale code", result.Output, StringComparison.Ordinal);
        Assert.Matches(
            @"^splitactors: Standard input, byte 16: expected CRC32C [0-9A-F]{8} of the bytes before it, found 1695CDC3. Compare it with docs/wire-format.md.\n$", result.Error);
    }

    [Theory]
    [InlineData("", "a frame")]
    [InlineData("534", "two hexadecimal digits")]
    [InlineData("hello", "version 2")]
    public async Task Inspect_NoFrame_IsRefused(string input, string expected) =>
        (await InspectAsync(Encoding.ASCII.GetBytes(input), "-")).Refused(ExitCode.Options, "Standard input", expected);

    [Fact]
    public async Task Inspect_MissingFile_IsRefused() =>
        (await InspectAsync([], _folder.PathTo("none.frame"))).Refused(ExitCode.Options, "none.frame");

    [Fact]
    public async Task Help_OfMeasure_ListsEverySetting()
    {
        var help = (await SplitActorsProcess.RunAsync("codec", "measure", "--help")).Succeeded().Output;
        Assert.All(CodecMeasureSettings.All, setting => Assert.Contains($"--{setting.Name}", help, StringComparison.Ordinal));
        Assert.Contains("Example: splitactors codec measure", help, StringComparison.Ordinal);
        Assert.Contains("Example: ", (await SplitActorsProcess.RunAsync("codec", "inspect", "--help")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Codec_UnknownCommand_NamesTheHelp() =>
        (await SplitActorsProcess.RunAsync("codec", "mesure")).Refused(ExitCode.Options, "'mesure' is no command", "splitactors codec --help");

    [Fact]
    public async Task Measure_UnknownOption_NamesTheHelp() =>
        (await MeasureAsync("--splits", "1")).Refused(ExitCode.Options, "'--splits'", "splitactors codec measure --help");

    private static Task<ProcessResult> MeasureAsync(params string[] arguments) => SplitActorsProcess.RunAsync(["codec", "measure", "--text", Text, .. arguments]);

    private static Task<ProcessResult> InspectAsync(byte[] input, string frame) => new SplitActorsProcess("codec", "inspect", frame) { Input = input }.RunAsync();
}
