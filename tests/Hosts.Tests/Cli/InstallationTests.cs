using System.Diagnostics;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>The program finds its model wherever it is and wherever it is called from.</summary>
public sealed class InstallationTests : IDisposable
{
    private static readonly string[] Arguments = ["run", Quill.Golden[0].Prompt, "--temperature", "0", "--max-tokens", "8", "--compression", "none", "--quiet"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_FromAnotherFolder_FindsModel()
    {
        var process = new SplitActorsProcess(Arguments) { WorkingFolder = _folder.Path };

        AssertGolden(await process.RunAsync());
    }

    [Fact]
    public async Task Run_ThroughLink_FindsModel()
    {
        var link = _folder.PathTo("linked");
        File.CreateSymbolicLink(link, SplitActorsProcess.ProgramPath);

        AssertGolden(await new SplitActorsProcess(Arguments) { Program = link, WorkingFolder = _folder.Path }.RunAsync());
    }

    [Fact]
    public async Task Run_RelativeModelFolder_IsSeenFromWorkingFolder()
    {
        Directory.CreateSymbolicLink(_folder.PathTo("my-model"), Repository.Quill);
        var process = new SplitActorsProcess([.. Arguments, "--model", "my-model"]) { WorkingFolder = _folder.Path };

        AssertGolden(await process.RunAsync());
    }

    [Fact]
    public async Task Run_Published_FindsModel()
    {
        var published = _folder.PathTo("published");
        await PublishAsync(published);

        AssertGolden(await new SplitActorsProcess(Arguments) { Program = Path.Combine(published, "splitactors"), WorkingFolder = "/" }.RunAsync());
    }

    private static async Task PublishAsync(string folder)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, WorkingDirectory = Repository.Root };
        string[] arguments =
        [
            "publish", "src/Hosts", "--configuration", SplitActorsProcess.BuildConfiguration, "--no-build", "--output", folder,
            "--disable-build-servers", "-nodeReuse:false", // they would keep the output open
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var publish = Process.Start(start)!;
        var log = await publish.StandardOutput.ReadToEndAsync();
        await publish.WaitForExitAsync();
        Assert.True(publish.ExitCode == 0, log);
    }

    private static void AssertGolden(ProcessResult result)
    {
        Assert.NotEmpty(result.Text);
        Assert.StartsWith(result.Text, Quill.Golden[0].GreedyText, StringComparison.Ordinal);
    }
}
