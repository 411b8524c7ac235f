using System.Text.RegularExpressions;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>Processes that join a cluster on this machine, as users start them: without any file.</summary>
public sealed class MemberCommandTests
{
    private const string Prompt = "Alice looked at the";
    private const int LongTokens = 400;

    private static readonly Regex BothModels = new(
        "no scheduler of the cluster serves the model [0-9a-f]{16}; those that are here serve [0-9a-f]{16}", RegexOptions.None, TimeSpan.FromSeconds(10));

    private readonly NodeCluster _cluster = new();

    [Fact]
    public async Task Cloud_ServesADevice_ExactlyAsInOneProcess_AndRefusesAnotherModel()
    {
        using var cloud = _cluster.First("cloud", "--threads", "1");
        Assert.Contains("mode split, 4 of 8 layers", await cloud.EventAsync("ready"), StringComparison.Ordinal);
        Assert.StartsWith("worker/cloud joined with layers 1–8", await cloud.EventAsync("joined"), StringComparison.Ordinal);
        using var edge = _cluster.Edge(Prompt, 24);
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());

        using var other = ChainModel.Smiles(contextLength: 64);
        using var stranger = _cluster.Edge("x", 8, "--model", other.Folder, "--patience", "10");
        var refused = await stranger.EndAsync();
        Assert.Equal(ExitCode.Failure, refused.ExitCode);
        Assert.Matches(BothModels, refused.Error);
        await NodeCluster.EndAsync(cloud);
    }

    [Fact]
    public async Task Commands_DeviceFirst_AndSchedulerLast_GiveTheTextOfRun()
    {
        using var edge = _cluster.Edge(Prompt, 24, "--quiet");
        using var worker = _cluster.Worker("gpu1");
        Assert.StartsWith("worker/gpu1 is ready", await worker.EventAsync("ready"), StringComparison.Ordinal);
        using var scheduler = _cluster.First("scheduler");

        Assert.Equal("worker/gpu1", await edge.WorkerAsync());
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());
        await NodeCluster.EndAsync(worker, scheduler);
    }

    [Fact]
    public async Task Workers_SecondOne_TakesNewLoad_AndTheSchedulerReportsBoth()
    {
        using var scheduler = _cluster.First("scheduler", "--status-every", "0.2");
        Assert.Contains("stands by", await scheduler.EventAsync("status"), StringComparison.Ordinal);
        using var first = _cluster.Worker("gpu1");
        await scheduler.EventAsync("active");
        Assert.StartsWith("worker/gpu1 joined with layers 1–8", await scheduler.EventAsync("joined"), StringComparison.Ordinal);
        using var one = _cluster.Edge(Prompt, LongTokens, "--name", "pi1");
        Assert.Equal("worker/gpu1", await one.WorkerAsync());
        await one.TokensAsync(1);

        using var second = _cluster.Worker("gpu2");
        await scheduler.NextAsync(line => line["message"]!.GetValue<string>().StartsWith("worker/gpu2 joined", StringComparison.Ordinal));
        using var other = _cluster.Edge(Prompt, 8, "--name", "pi2");
        Assert.StartsWith("worker/gpu", await other.WorkerAsync(), StringComparison.Ordinal);
        await scheduler.NextAsync(line => line["message"]!.GetValue<string>().Contains("workers: 2", StringComparison.Ordinal));
        await other.TextAsync();
        await one.TextAsync();
        await NodeCluster.EndAsync(first, second, scheduler);
    }

    [Fact]
    public async Task Worker_ThatIsKilled_CostsNoToken()
    {
        var (scheduler, gpu1, gpu2) = await StartAsync();
        using var edge = _cluster.Edge(Prompt, LongTokens);
        var from = await edge.WorkerAsync();
        var (killed, left) = from == "worker/gpu1" ? (gpu1, gpu2) : (gpu2, gpu1);
        await edge.TokensAsync(5);
        await killed.SignalAsync("KILL");

        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, LongTokens), await edge.TextAsync());
        await NodeCluster.EndAsync(left, scheduler);
        killed.Dispose();
    }

    /// <summary>It knows nobody, and begins another cluster: its worker must find it.</summary>
    [Fact]
    public async Task Scheduler_ThatIsKilledAndStartedAgain_GetsItsWorkerBack()
    {
        using var worker = _cluster.Worker("gpu1");
        using (var first = _cluster.First("scheduler"))
        {
            await first.EventAsync("joined");
            await first.SignalAsync("KILL");
            await first.EndAsync();
        }

        using var second = _cluster.First("scheduler");
        Assert.StartsWith("worker/gpu1 joined", await second.EventAsync("joined"), StringComparison.Ordinal);
        using var edge = _cluster.Edge(Prompt, 24);
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());
        await NodeCluster.EndAsync(worker, second);
    }

    [Fact]
    public async Task Worker_ThatIsAskedToEnd_HandsItsSessionOver()
    {
        var (scheduler, gpu1, gpu2) = await StartAsync();
        using var edge = _cluster.Edge(Prompt, LongTokens);
        var from = await edge.WorkerAsync();
        var (leaving, staying) = from == "worker/gpu1" ? (gpu1, gpu2) : (gpu2, gpu1);
        await edge.TokensAsync(5);
        await leaving.SignalAsync("TERM");
        await leaving.EventAsync("leaving");
        var moved = await edge.NextAsync(line => line["type"]!.GetValue<string>() == "moved");

        Assert.Equal(from, moved["from"]!["worker"]!.GetValue<string>());
        Assert.NotEqual(from, moved["to"]!["worker"]!.GetValue<string>(), StringComparer.Ordinal);
        Assert.Equal(ExitCode.Success, (await leaving.EndAsync()).ExitCode);
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, LongTokens), await edge.TextAsync());
        await NodeCluster.EndAsync(staying, scheduler);
    }

    [Fact]
    public async Task Edge_WithoutACluster_SaysSo()
    {
        var result = await SplitActorsProcess.RunAsync("edge", "x", "--join", _cluster.Address, "--patience", "1", "--quiet");

        result.Refused(ExitCode.Cluster, "--join", _cluster.Address, "splitactors cloud");
    }

    [Theory]
    [InlineData("--listen", "0.0.0.0:7070", "others reach this machine")]
    [InlineData("--listen", "192.0.2.1:7070", "only this machine")]
    [InlineData("--listen", "7070", "HOST:PORT")]
    [InlineData("--listen", "127.0.0.1:70700", "HOST:PORT")]
    [InlineData("--public", "192.0.2.1:7070", "only this machine")]
    [InlineData("--public", "127.0.0.1:0", "HOST:PORT")]
    [InlineData("--join", "127.0.0.1:0", "HOST:PORT")]
    [InlineData("--name", "a/b", "a name of 1 to 63 letters")]
    [InlineData("--name", "ü", "a name of 1 to 63 letters")]
    public async Task Member_WrongAddressOrName_IsRefused(string option, string value, string expected)
    {
        (await SplitActorsProcess.RunAsync("worker", option, value)).Refused(ExitCode.Options, option, value, expected);
    }

    private async Task<(NodeProcess Scheduler, NodeProcess Gpu1, NodeProcess Gpu2)> StartAsync()
    {
        var (scheduler, gpu1, gpu2) = (_cluster.First("scheduler"), _cluster.Worker("gpu1"), _cluster.Worker("gpu2"));
        await scheduler.EventAsync("joined");
        await scheduler.EventAsync("joined");
        return (scheduler, gpu1, gpu2);
    }
}
