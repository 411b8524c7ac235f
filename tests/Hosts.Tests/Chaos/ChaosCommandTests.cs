using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Chaos;

public sealed class ChaosCommandTests : IDisposable
{
    private const string Events = "--kills 2 --scheduler-kills 1 --seed-kills 0 --partitions 0 --pauses 0 --cuts 1 --drains 0";

    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(6); // a machine may be busy with much else

    private static readonly TimeSpan EndTimeMax = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _place = new();

    private string Model => _place.PathTo("quill");

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Chaos_EverySession_EndsWithTheExactTokens()
    {
        var plot = _place.PathTo("recovery.svg");
        var result = (await RunAsync($"{Events} --contexts 32 --max-tokens 24 --seed 7 --json", "--plot", plot)).Succeeded();

        var report = JsonNode.Parse(result.Output)!.AsObject();
        var sessions = report["sessions"]!.GetValue<int>();
        Assert.True(sessions >= 2, $"{sessions} sessions");
        Assert.Equal(sessions, report["exact"]!.GetValue<int>());
        Assert.Equal((0, 0), (report["wrong"]!.GetValue<int>(), report["unfinished"]!.GetValue<int>()));
        Assert.Empty(report["problems"]!.AsArray());
        var disturbances = report["disturbances"]!.AsArray();
        Assert.Equal(4, disturbances.Count);
        Assert.Equal(2, disturbances.Count(disturbance => disturbance!["kind"]!.GetValue<string>().StartsWith("worker killed", StringComparison.Ordinal)));
        Assert.All(disturbances, disturbance => Assert.True(disturbance!["recovery_ms"]!.GetValue<double>() >= 0));
        Assert.Equal(4, report["recoveries"]!.AsArray().Sum(group => group!["count"]!.GetValue<int>()));
        Assert.Contains("<svg", await File.ReadAllTextAsync(plot), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chaos_ThatIsKilled_LeavesNoProcessBehind()
    {
        using var chaos = Start("--logs", _place.PathTo("logs"));
        await WaitAsync(() => File.Exists(_place.PathTo("logs", "worker1.log")));
        Assert.NotEmpty(Processes());
        await chaos.SignalAsync("KILL");
        await chaos.WaitAsync();
        await WaitAsync(() => Processes().Count == 0);
    }

    [Fact]
    public async Task Chaos_Interrupted_EndsAll()
    {
        await InterruptAsync(whenThereIs: "worker1.log");
        Assert.Empty(Processes());
    }

    [Fact]
    public async Task Chaos_InterruptedAmongSessions_TellsWhatItHasFound()
    {
        var result = await InterruptAsync(whenThereIs: "session0003.log");
        Assert.True(JsonNode.Parse(result.Output)!["exact"]!.GetValue<int>() > 0);
        Assert.Contains("interrupted after", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chaos_ContextAboveTheModels_IsRefused() => (await RunAsync("--contexts 32,505")).Refused(ExitCode.Options, "--contexts", "504");

    [Theory]
    [InlineData("--workers 1", "2")]
    [InlineData("--schedulers 1", "2")]
    [InlineData("--mode device", "split or cloud")]
    [InlineData("--kills many", "--kills")]
    public async Task Chaos_WrongOption_IsRefused(string options, string named) => (await RunAsync(options)).Refused(ExitCode.Options, named);

    /// <summary>The path of its model, which all its processes have, tells it from others.</summary>
    private SplitActorsProcess Command(string options, params string[] more)
    {
        if (!Path.Exists(Model))
            Directory.CreateSymbolicLink(Model, Repository.Quill);
        return new SplitActorsProcess(["chaos", "--model", Model, .. options.Split(' '), .. more]) { TimeLimit = TimeMax };
    }

    private Task<ProcessResult> RunAsync(string options, params string[] more) => Command(options, more).RunAsync();

    private async Task<ProcessResult> InterruptAsync(string whenThereIs)
    {
        using var chaos = Start("--logs", _place.PathTo("logs"));
        await WaitAsync(() => File.Exists(_place.PathTo("logs", whenThereIs)));
        await chaos.SignalAsync("INT");
        var result = await chaos.WaitAsync();
        Assert.True(result.ExitCode == ExitCode.Interrupted, $"{result.ExitCode}: {result.Error}");
        return result;
    }

    private RunningProcess Start(params string[] more) => Command("--kills 1000 --schedulers 2 --workers 2 --devices 1 --contexts 32 --json", more).Start();

    /// <summary>Of its cluster: schedulers, workers, devices.</summary>
    private List<string> Processes()
    {
        var commands = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            try
            {
                commands.Add(File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' '));
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return [.. commands.Where(command => command.Contains(Model, StringComparison.Ordinal) && !command.Contains(" chaos ", StringComparison.Ordinal))];
    }

    private static async Task WaitAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(EndTimeMax);
        while (!isSo())
            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
    }
}
