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
        _folder.Write("hocon/run.conf", "splitactors { max-tokens = 2 }");

        var result = await RunAsync(variable is null ? [] : [("SPLITACTORS_MAX_TOKENS", variable)], argument is null ? [] : ["--max-tokens", argument]);

        Assert.Equal(tokenCount, result.Succeeded().JsonLines[^1]["generated_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Run_EverySettingInFile_IsTaken()
    {
        _folder.Write("hocon/run.conf", """
            # a comment
            splitactors {
              split = 3, mode = split // another one
              max-tokens = 2, temperature = 0.5, top-k = 5
              top-p = 0.9
              min-p = 0.1
              repetition-penalty : 1.1
              "seed" = 4
              compression = tabq, threshold = 5rms, tolerance = 0.2
              bits-max = 4
              bits-min = "3",
            }
            splitactors.workers = 3
            splitactors { stop-worker-at = 1, kv-bits = [16], link = wifi, deadline = 1s, quiet = true, json = true }
            """);

        var result = await RunAsync([]);

        Assert.Equal(3, result.Succeeded().JsonLines[^1]["split_layer"]!.GetValue<int>());
    }

    [Fact]
    public async Task Run_NamedFile_IsTakenInPlaceOfFoundOne()
    {
        _folder.Write("hocon/run.conf", "splitactors { max-tokens = 2 }").Write("other.conf", "splitactors { max-tokens = 3 }");

        var named = await RunAsync([], "--config", "other.conf");
        var inEnvironment = await RunAsync([("SPLITACTORS_CONFIG", _folder.PathTo("other.conf"))]);

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
    [InlineData("splitactors { max_tokens = 1 }", "hocon/run.conf, max_tokens", "expected max-tokens, or another setting", "unknown name")]
    [InlineData("splitactors { join = a }", "hocon/run.conf: expected settings of `splitactors run`", "a configuration of `splitactors edge`", "`splitactors worker`")]
    [InlineData("splitactors { max-tokens = 1, max-tokens = 2 }", "hocon/run.conf, max-tokens", "twice", "line 1")]
    [InlineData("splitactors.max-tokens = 1\nsplitactors { max-tokens = 2 }", "hocon/run.conf, max-tokens", "twice", "line 2")]
    [InlineData("splitactors { config = x }", "hocon/run.conf, config", "unknown name")]
    [InlineData("splitactors { max-tokens = x }", "hocon/run.conf, max-tokens", "whole number", "'x'")]
    [InlineData("splitactors { max-tokens = true }", "hocon/run.conf, max-tokens", "'true'")]
    [InlineData("splitactors { max-tokens = 1.5 }", "hocon/run.conf, max-tokens", "'1.5'")]
    [InlineData("splitactors { max-tokens = null }", "hocon/run.conf, max-tokens", "a number", "null")]
    [InlineData("splitactors { max-tokens = [1] }", "hocon/run.conf, max-tokens", "a number", "a list")]
    [InlineData("splitactors { kv-bits = [{ a = 1 }] }", "hocon/run.conf, kv-bits.a", "a number", "braces")]
    [InlineData("splitactors { kv-bits = [16, [8]] }", "hocon/run.conf, kv-bits", "a list of texts or numbers")]
    [InlineData("splitactors { max-tokens { a = 1 } }", "hocon/run.conf, max-tokens", "a number", "braces")]
    [InlineData("splitactors { quiet = 2 }", "hocon/run.conf, quiet", "true or false", "'2'")]
    [InlineData("splitactors { model = \"\\ud800\" }", "hocon/run.conf, model", "surrogate")]
    [InlineData("splitactors {\n max-tokens = 1", "hocon/run.conf, line 2", "a '}' for the '{' in line 1", "the end of the file")]
    [InlineData("splitactors {\n kv-bits = [16, 8", "hocon/run.conf, line 2", "a ']' for the '[' in line 2", "the end of the file")]
    [InlineData("splitactors {\n\n max-tokens\n}", "hocon/run.conf, line 3", "'=' and a value", "the end of the line")]
    [InlineData("splitactors {\n max-tokens =\n}", "hocon/run.conf, line 2", "a value", "the end of the line")]
    [InlineData("splitactors {\n resplit-at = 4:2\n}", "hocon/run.conf, line 2", "quotes around all of it", "':'")]
    [InlineData("splitactors {\n model = \"a\n}", "hocon/run.conf, line 2", "that ends the text", "the end of the line")]
    [InlineData("splitactors {\n model = \"a\\x\"\n}", "hocon/run.conf, line 2", "hexadecimal", "'x'")]
    [InlineData("splitactors { model = ${a} }", "hocon/run.conf, line 1", "a value", "'$'")]
    [InlineData("include \"other.conf\"", "hocon/run.conf, line 1", "reads no other", "include")]
    [InlineData("splitactors { }\n}", "hocon/run.conf, line 2", "the name of a setting", "'}'")]
    [InlineData("max-tokens = 1", "hocon/run.conf, line 1", "splitactors { … } around the settings", "'max-tokens'")]
    [InlineData("{ \"max-tokens\": 1 }", "hocon/run.conf, line 1", "splitactors { … } around the settings", "'max-tokens'")]
    [InlineData("splitactors = 1", "hocon/run.conf, line 1", "splitactors { … }", "a value")]
    [InlineData("akka { loglevel = INFO }", "hocon/run.conf, line 1", "splitactors { … } alone", "members of a cluster")]
    [InlineData("other { a = 1 }", "hocon/run.conf, line 1", "splitactors { … }", "'other'")]
    [InlineData("[]", "hocon/run.conf, line 1", "the name of a setting", "'['")]
    [InlineData("", "hocon/run.conf", "splitactors { … }", "nothing")]
    public async Task Run_WrongFile_NamesFileAndField(string text, params string[] named)
    {
        _folder.Write("hocon/run.conf", text);

        (await RunAsync([])).Refused(ExitCode.Options, named);
    }

    [Fact]
    public async Task Run_FileWithBracesInBraces_IsRefusedBeforeTheyAreTooMany()
    {
        _folder.Write("hocon/run.conf", string.Concat(Enumerable.Repeat("a {", 100_000)));

        (await RunAsync([])).Refused(ExitCode.Options, "hocon/run.conf, line 1", "at most 32 braces");
    }

    [Fact]
    public async Task Run_FileBeginsWithByteOrderMark_IsTaken()
    {
        _folder.Write("hocon/run.conf", "\uFEFFsplitactors { max-tokens = 2 }");

        Assert.Equal(2, (await RunAsync([])).Succeeded().JsonLines[^1]["generated_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Run_FileIsNotUtf8_NamesByte()
    {
        Directory.CreateDirectory(_folder.PathTo("hocon"));
        File.WriteAllBytes(_folder.PathTo("hocon", "run.conf"), [.. "splitactors.model = caf"u8, 0xE9]);

        (await RunAsync([])).Refused(ExitCode.Options, "hocon/run.conf", "UTF-8", "at byte 23");
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

        (await RunAsync([], "--config", "pipe")).Refused(ExitCode.Options, "pipe", "splitactors { … }", "nobody writes to");
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
        _folder.Write("hocon/run.conf", "splitactors.model = nowhere");
        (await RunAsync([])).Refused(ExitCode.Checkpoint, "nowhere", "The value stands in hocon/run.conf, model.");
    }

    [Fact]
    public async Task Run_FileIsFolder_NamesIt()
    {
        Directory.CreateDirectory(_folder.PathTo("hocon", "run.conf"));

        (await RunAsync([])).Refused(ExitCode.Options, "hocon/run.conf", "a file", "a folder");
    }

    [Fact]
    public async Task Run_FileCannotBeRead_NamesIt()
    {
        Directory.CreateDirectory(_folder.PathTo("hocon"));
        File.CreateSymbolicLink(_folder.PathTo("hocon", "run.conf"), "run.conf"); // to itself: unreadable even for root

        (await RunAsync([])).Refused(ExitCode.Options, "hocon/run.conf", "a file that can be read");
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
        var result = await RunAsync([("SPLITACTORS_CONFIG", "nowhere.conf")]);

        result.Refused(ExitCode.Options, "SPLITACTORS_CONFIG", "'nowhere.conf'");
    }

    private Task<ProcessResult> RunAsync((string Name, string Value)[] environment, params string[] options) =>
        new SplitActorsProcess(["run", "Once", "--json", .. options]) { WorkingFolder = _folder.Path, Environment = environment }.RunAsync();
}
