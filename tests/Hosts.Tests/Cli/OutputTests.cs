using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>Outputs that cannot be written to.</summary>
public sealed class OutputTests
{
    [Theory]
    [InlineData("run x --max-tokens 4")]
    [InlineData("run x --max-tokens 4 --json")]
    [InlineData("model")]
    [InlineData("model --json")]
    [InlineData("--help")]
    [InlineData("--version")]
    public async Task AnyCommand_OutputIsFull_Refuses(string commandLine)
    {
        var result = await new SplitActorsProcess(commandLine.Split(' ')) { Redirection = "> /dev/full" }.RunAsync();

        result.Refused(ExitCode.Output, "Standard output", "No space left on device");
    }

    /// <summary>With standard input closed too, the runtime has a pipe of its own under both numbers, which takes whatever is written.</summary>
    [Theory]
    [InlineData("run x --max-tokens 4", ">&-")]
    [InlineData("run x --max-tokens 4", "<&- >&-")]
    [InlineData("model", "<&- >&-")]
    [InlineData("--version", "<&- >&-")]
    [InlineData("--help", ">&-")]
    public async Task AnyCommand_OutputIsClosed_Refuses(string commandLine, string redirection)
    {
        var result = await new SplitActorsProcess(commandLine.Split(' ')) { Redirection = redirection }.RunAsync();

        result.Refused(ExitCode.Output, "Standard output", "an open stream", "a closed one");
    }

    [Theory]
    [InlineData("run x --json --max-tokens 400")]
    [InlineData("--help")]
    public async Task AnyCommand_ReaderHasReadEnough_EndsWithoutAWord(string commandLine)
    {
        const string pipeline = """{ "$0" "$@"; echo "$?" >&2; } | head -n 1""";
        var result = await new SplitActorsProcess(["-c", pipeline, SplitActorsProcess.ProgramPath, .. commandLine.Split(' ')]) { Program = "/bin/sh" }.RunAsync();

        Assert.Equal($"{ExitCode.ReaderGone}\n", result.Error);
        Assert.Equal("", result.Output.Split('\n', 2)[1]);
    }

    [Theory]
    [InlineData("2> /dev/full")]
    [InlineData("2>&-")]
    [InlineData("<&- 2>&-")]
    public async Task Run_MessagesCannotBeWritten_GivesTextNevertheless(string redirection)
    {
        var (prompt, greedyText) = Quill.Golden[0];
        string[] arguments = ["run", prompt, "--temperature", "0", "--max-tokens", "4"];

        var result = await new SplitActorsProcess(arguments) { Redirection = redirection }.RunAsync();

        Assert.StartsWith(result.Text, greedyText, StringComparison.Ordinal);
        Assert.NotEmpty(result.Text);
    }

    [Fact]
    public async Task Run_RefusalCannotBeWritten_KeepsExitCode()
    {
        var result = await new SplitActorsProcess("run", "") { Redirection = "2> /dev/full" }.RunAsync();

        Assert.Equal(ExitCode.Prompt, result.ExitCode);
    }
}
