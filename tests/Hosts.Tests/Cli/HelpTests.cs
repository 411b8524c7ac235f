using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Cli;

public sealed class HelpTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("run --help")]
    [InlineData("model --help")]
    [InlineData("cloud --help")]
    [InlineData("scheduler --help")]
    [InlineData("worker --help")]
    [InlineData("edge --help")]
    [InlineData("chaos --help")]
    [InlineData("run -h")]
    public async Task Help_OfEveryCommand_ShowsExample(string commandLine)
    {
        var result = await SplitActorsProcess.RunAsync(commandLine.Split(' '));

        Assert.Contains("Example: splitactors ", result.Succeeded().Output, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Help_OfRun_ListsEverySettingAndExitCode()
    {
        var help = (await SplitActorsProcess.RunAsync("run", "--help")).Output;

        Assert.All(RunSettings.All, setting => Assert.Contains($"--{setting.Name}", help, StringComparison.Ordinal));
        int[] exitCodes =
        [
            ExitCode.Success, ExitCode.Failure, ExitCode.Options, ExitCode.Checkpoint, ExitCode.Prompt, ExitCode.Output, ExitCode.Infeasible, ExitCode.HungUp,
            ExitCode.Interrupted, ExitCode.ReaderGone, ExitCode.Terminated,
        ];
        var line = Assert.Single(help.Split('\n'), line => line.Contains("Exit codes: ", StringComparison.Ordinal));
        Assert.All(exitCodes, exitCode => Assert.Matches($@"\b{exitCode} [a-z]", line));
    }

    [Fact]
    public async Task NoArguments_ShowsHelp()
    {
        var withoutArguments = await SplitActorsProcess.RunAsync();
        var help = await SplitActorsProcess.RunAsync("--help");

        Assert.Equal(help.Succeeded().Output, withoutArguments.Succeeded().Output);
    }

    [Fact]
    public async Task Version_IsPrinted()
    {
        var result = await SplitActorsProcess.RunAsync("--version");

        Assert.Matches(@"^\d+\.\d+\.\d+(\S*)\n$", result.Succeeded().Output);
    }
}
