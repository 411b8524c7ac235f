using System.Text;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>Runs that would take half a minute, watched from their first output on.</summary>
public sealed class StreamingTests : IDisposable
{
    private const string Smile = "😀";
    private const int TokensWithoutEnd = 200_000;

    private readonly CheckpointBuilder _model = ChainModel.Smiles(contextLength: TokensWithoutEnd);

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("INT", ExitCode.Interrupted)]
    [InlineData("TERM", ExitCode.Terminated)]
    [InlineData("HUP", ExitCode.HungUp)]
    public async Task Run_Signal_EndsWithTextSoFarAndLedger(string signal, int exitCode)
    {
        using var running = Start();
        Assert.NotEmpty(await running.ReadOutputAsync());
        await running.SignalAsync(signal);
        var result = await running.WaitAsync();

        Assert.Equal(exitCode, result.ExitCode);
        var smileCount = result.Output.Split(Smile).Length - 1;
        Assert.Matches($"^({Smile})+\uFFFD?\n$", result.Output); // U+FFFD: interrupted within a character
        Assert.Matches(@"(?m)^tokens +2 prompt, \d+ generated; interrupted *$", result.Error);
        Assert.Matches($@"(?m)^tokens +2 prompt, ({4 * smileCount}|{(4 * smileCount) + 1}|{(4 * smileCount) + 2}|{(4 * smileCount) + 3}) generated", result.Error);
        Assert.Matches(@"(?m)^where time went ", result.Error);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    /// <summary>As <c>nohup</c> starts it; the signal that comes first would decide the exit code.</summary>
    [Fact]
    public async Task Run_HangUpIsIgnoredByTheCaller_GoesOn()
    {
        string[] shell = ["-c", "trap '' HUP; exec \"$0\" \"$@\"", SplitActorsProcess.ProgramPath];
        string[] run = ["run", "x", "--model", _model.Folder, "--max-tokens", $"{TokensWithoutEnd}"];
        using var running = new SplitActorsProcess([.. shell, .. run]) { Program = "/bin/sh" }.Start();
        Assert.NotEmpty(await running.ReadOutputAsync());
        await running.SignalAsync("HUP");
        await running.SignalAsync("INT");

        Assert.Equal(ExitCode.Interrupted, (await running.WaitAsync()).ExitCode);
    }

    [Fact]
    public async Task Run_SignalWithJson_EndsWithLedgerLine()
    {
        using var running = Start("--json");
        Assert.NotEmpty(await running.ReadOutputAsync());
        await running.SignalAsync("INT");
        var result = await running.WaitAsync();

        Assert.Equal(ExitCode.Interrupted, result.ExitCode);
        Assert.Equal("cancelled", result.JsonLines[^1]["end_reason"]!.GetValue<string>());
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Run_CharactersOfSeveralTokens_AreWrittenWhole()
    {
        var strictUtf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        using var running = Start();

        for (var read = 0; read < 20; read++)
            Assert.Empty(strictUtf8.GetString(await running.ReadOutputAsync()).Replace(Smile, "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_ReaderGoesAway_Ends()
    {
        using var running = Start();
        Assert.NotEmpty(await running.ReadOutputAsync());
        running.CloseOutput();
        var result = await running.WaitAsync();

        Assert.Equal(ExitCode.ReaderGone, result.ExitCode);
        Assert.DoesNotContain("splitactors: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_TokenLimitWithinCharacter_EndsWithReplacementCharacter()
    {
        var result = await SplitActorsProcess.RunAsync("run", "x", "--model", _model.Folder, "--max-tokens", "6", "--quiet");

        Assert.Equal($"{Smile}\uFFFD", result.Text);
    }

    private RunningProcess Start(params string[] options) =>
        new SplitActorsProcess(["run", "x", "--model", _model.Folder, "--max-tokens", $"{TokensWithoutEnd}", .. options]).Start();
}
