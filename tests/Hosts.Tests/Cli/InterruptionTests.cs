using System.Diagnostics;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>Signals before there is anything to bill.</summary>
public sealed class InterruptionTests
{
    [Theory]
    [InlineData("INT", ExitCode.Interrupted)]
    [InlineData("TERM", ExitCode.Terminated)]
    [InlineData("HUP", ExitCode.HungUp)]
    public async Task Run_SignalWhileLoading_EndsWithoutText(string signal, int exitCode)
    {
        using var model = Quill.Copy().Delete("SHA256SUMS").Delete("tokenizer.json");
        var tokenizer = model.PathTo("tokenizer.json");
        using (var makePipe = Process.Start("mkfifo", [tokenizer]))
            await makePipe.WaitForExitAsync();
        using var running = new SplitActorsProcess("run", "Once", "--model", model.Folder).Start();

        // The program waits for the tokenizer; nothing is loaded yet.
        await using (var pipe = await Task.Run(() => new FileStream(tokenizer, FileMode.Open, FileAccess.Write)))
        {
            await running.SignalAsync(signal);
            await pipe.WriteAsync(await File.ReadAllBytesAsync(Path.Combine(Repository.Quill, "tokenizer.json")));
        }

        var result = await running.WaitAsync();
        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output.Trim()));
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("splitactors: ", result.Error, StringComparison.Ordinal);
    }
}
