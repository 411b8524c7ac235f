using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>Command line before environment before configuration file.</summary>
public sealed class SettingSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, null, 2)]
    [InlineData("3", null, 3)]
    [InlineData("3", "4", 4)]
    [InlineData(null, "4", 4)]
    [InlineData("", null, 2)]
    public async Task Run_ValueFromSeveralSources_TakesNearest(string? variable, string? argument, int tokenCount)
    {
        _folder.Write("config/run.json", """{ "max-tokens": 2 }""");

        var result = await RunAsync(variable is null ? [] : [("SPLITACTORS_MAX_TOKENS", variable)], argument is null ? [] : ["--max-tokens", argument]);

        Assert.Equal(tokenCount, result.Succeeded().JsonLines[^1]["generated_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Run_EverySettingInFile_IsTaken()
    {
        _folder.Write("config/run.json", """
            {
              // a comment, and a comma at the end
              "split": 3, "mode": "split", "max-tokens": 2, "temperature": 0.5, "top-k": 5, "top-p": 0.9, "min-p": 0.1,
              "repetition-penalty": 1.1, "seed": 4, "compression": "tabq", "threshold": "5rms", "tolerance": 0.2, "bits-max": 4,
              "bits-min": 3, "workers": 3, "stop-worker-at": 1, "link": "wifi", "deadline": "1s", "quiet": true, "json": true,
            }
            """);

        var result = await RunAsync([]);

        Assert.Equal(3, result.Succeeded().JsonLines[^1]["split_layer"]!.GetValue<int>());
    }

    [Fact]
    public async Task Run_NamedFile_IsTakenInPlaceOfFoundOne()
    {
        _folder.Write("config/run.json", """{ "max-tokens": 2 }""").Write("other.json", """{ "max-tokens": 3 }""");

        var named = await RunAsync([], "--config", "other.json");
        var inEnvironment = await RunAsync([("SPLITACTORS_CONFIG", _folder.PathTo("other.json"))]);

        Assert.Equal(3, named.Succeeded().JsonLines[^1]["generated_tokens"]!.GetValue<int>());
        Assert.Equal(3, inEnvironment.Succeeded().JsonLines[^1]["generated_tokens"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("true", "")]
    [InlineData("1", "")]
    [InlineData("false", "tokens")]
    public async Task Run_FlagInEnvironment_IsTaken(string quiet, string inError)
    {
        var process = new SplitActorsProcess("run", "Once", "--max-tokens", "1") { Environment = [("SPLITACTORS_QUIET", quiet)] };

        var result = await process.RunAsync();

        Assert.Contains(inError, result.Succeeded().Error, StringComparison.Ordinal);
        Assert.Equal(inError.Length == 0, result.Error.Length == 0);
    }

    [Theory]
    [InlineData("""{ "max_tokens": 1 }""", "config/run.json, max_tokens", "expected max-tokens, or another setting", "unknown name")]
    [InlineData("""{ "join": "127.0.0.1:7070" }""", "config/run.json: expected settings of `splitactors run`", "a configuration of `splitactors edge`", "`splitactors worker`")]
    [InlineData("""{ "max-tokens": 1, "max-tokens": 2 }""", "config/run.json, max-tokens", "twice")]
    [InlineData("""{ "config": "x" }""", "config/run.json, config", "unknown name")]
    [InlineData("""{ "max-tokens": "x" }""", "config/run.json, max-tokens", "whole number", "'x'")]
    [InlineData("""{ "max-tokens": true }""", "config/run.json, max-tokens", "'true'")]
    [InlineData("""{ "max-tokens": 1.5 }""", "config/run.json, max-tokens", "'1.5'")]
    [InlineData("""{ "max-tokens": [1] }""", "config/run.json, max-tokens", "a number", "Array")]
    [InlineData("""{ "max-tokens": null }""", "config/run.json, max-tokens", "Null")]
    [InlineData("""{ "quiet": 2 }""", "config/run.json, quiet", "true or false", "'2'")]
    [InlineData("""{ "max-tokens": "\ud800" }""", "config/run.json", "surrogate")]
    [InlineData("""{ "max-tokens": 1""", "config/run.json", "a JSON object", "line 1")]
    [InlineData("[]", "config/run.json", "a JSON object", "Array")]
    [InlineData("", "config/run.json", "a JSON object", "nothing")]
    public async Task Run_WrongFile_NamesFileAndField(string json, params string[] named)
    {
        _folder.Write("config/run.json", json);

        (await RunAsync([])).Refused(ExitCode.Options, named);
    }

    [Fact]
    public async Task Run_FileBeginsWithByteOrderMark_IsTaken()
    {
        _folder.Write("config/run.json", "\uFEFF{ \"max-tokens\": 2 }");

        Assert.Equal(2, (await RunAsync([])).Succeeded().JsonLines[^1]["generated_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Run_FileIsNotUtf8_NamesByte()
    {
        Directory.CreateDirectory(_folder.PathTo("config"));
        File.WriteAllBytes(_folder.PathTo("config", "run.json"), [.. "{ \"model\": \"caf"u8, 0xE9, .. "\" }"u8]);

        (await RunAsync([])).Refused(ExitCode.Options, "config/run.json", "UTF-8", "at byte 15");
    }

    [Fact]
    public async Task Run_FileWithoutEnd_IsNotReadToTheEnd()
    {
        (await RunAsync([], "--config", "/dev/zero")).Refused(ExitCode.Options, "/dev/zero", "1 MiB");
    }

    [Fact]
    public async Task Run_FileIsPipeWithoutWriter_DoesNotWait()
    {
        using (var makePipe = System.Diagnostics.Process.Start("mkfifo", [_folder.PathTo("pipe")]))
            await makePipe.WaitForExitAsync();

        (await RunAsync([], "--config", "pipe")).Refused(ExitCode.Options, "pipe", "a JSON object", "nobody writes to");
    }

    [Theory]
    [InlineData("SPLITACTORS_MAXTOKENS", "SPLITACTORS_MAX_TOKENS")]
    [InlineData("SPLITACTORS_TEMPRATURE", "SPLITACTORS_TEMPERATURE")]
    public async Task Run_UnknownVariable_IsRefusedWithTheNearestName(string variable, string meant)
    {
        (await RunAsync([(variable, "1")])).Refused(ExitCode.Options, variable, $"Did you mean {meant}?");
    }

    [Fact]
    public async Task AnyCommand_VariablesOfOthers_AreNoMistake()
    {
        (await RunAsync([("SPLITACTORS_KILLS", "20")], "--max-tokens", "1")).Succeeded();
        (await new SplitActorsProcess("--version") { Environment = [("SPLITACTORS_MAXTOKENS", "1")] }.RunAsync()).Succeeded();
    }

    /// <summary>The error is about a path that nobody gave on the command line, or about an option that only the model settles.</summary>
    [Fact]
    public async Task Run_ErrorBehindAValue_NamesWhereItStands()
    {
        (await RunAsync([("SPLITACTORS_MODEL", "nowhere")])).Refused(ExitCode.Checkpoint, "nowhere", "The value stands in SPLITACTORS_MODEL.");
        (await RunAsync([("SPLITACTORS_RESPLIT_AT", "4:9")])).Refused(ExitCode.Options, "--resplit-at", "The value stands in SPLITACTORS_RESPLIT_AT.");
        _folder.Write("config/run.json", """{ "model": "nowhere" }""");
        (await RunAsync([])).Refused(ExitCode.Checkpoint, "nowhere", "The value stands in config/run.json, model.");
    }

    [Fact]
    public async Task Run_FileIsFolder_NamesIt()
    {
        Directory.CreateDirectory(_folder.PathTo("config", "run.json"));

        (await RunAsync([])).Refused(ExitCode.Options, "config/run.json", "a file", "a folder");
    }

    [Fact]
    public async Task Run_FileCannotBeRead_NamesIt()
    {
        Directory.CreateDirectory(_folder.PathTo("config"));
        File.CreateSymbolicLink(_folder.PathTo("config", "run.json"), "run.json"); // to itself: unreadable even for root

        (await RunAsync([])).Refused(ExitCode.Options, "config/run.json", "a file that can be read");
    }

    [Fact]
    public async Task Run_WrongValueInEnvironment_NamesVariable()
    {
        var result = await RunAsync([("SPLITACTORS_TOP_P", "2"), ("SPLITACTORS_SEED", "1")]);

        result.Refused(ExitCode.Options, "SPLITACTORS_TOP_P", "'2'");
    }

    [Fact]
    public async Task Run_MissingFileNamedInEnvironment_NamesVariable()
    {
        var result = await RunAsync([("SPLITACTORS_CONFIG", "nowhere.json")]);

        result.Refused(ExitCode.Options, "SPLITACTORS_CONFIG", "'nowhere.json'");
    }

    private Task<ProcessResult> RunAsync((string Name, string Value)[] environment, params string[] options) =>
        new SplitActorsProcess(["run", "Once", "--json", .. options]) { WorkingFolder = _folder.Path, Environment = environment }.RunAsync();
}
