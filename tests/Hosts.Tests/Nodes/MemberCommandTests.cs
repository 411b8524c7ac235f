using SplitActors.Hosts.Brokers;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Nodes;

/// <summary>Processes that join a cluster on this machine, as users start them: without any file.</summary>
public sealed class MemberCommandTests
{
    private const string Prompt = "Alice looked at the";
    private const int LongTokens = 400;

    private readonly string _address = $"127.0.0.1:{PrivateBroker.FreePorts(1)[0]}";

    [Fact]
    public async Task Cloud_ServesADevice_ExactlyAsInOneProcess()
    {
        using var cloud = Node("cloud", "--listen", _address);
        Assert.Contains("mode split, 4 of 8 layers", await cloud.EventAsync("ready"), StringComparison.Ordinal);
        Assert.StartsWith("worker/cloud joined with layers 1–8", await cloud.EventAsync("joined"), StringComparison.Ordinal);
        using var edge = Edge(24);
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());

        await NodeCluster.EndAsync(cloud);
    }

    [Fact]
    public async Task Worker_ThatIsKilled_CostsNoToken()
    {
        using var scheduler = Node("scheduler", "--listen", _address);
        using var gpu1 = Node("worker", "--join", _address, "--name", "gpu1");
        using var gpu2 = Node("worker", "--join", _address, "--name", "gpu2");
        await scheduler.EventAsync("joined");
        await scheduler.EventAsync("joined");
        using var edge = Edge(LongTokens);
        var from = await edge.WorkerAsync();
        var (killed, left) = from == "worker/gpu1" ? (gpu1, gpu2) : (gpu2, gpu1);
        await edge.TokensAsync(5);
        await killed.SignalAsync("KILL");

        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, LongTokens), await edge.TextAsync());
        await NodeCluster.EndAsync(left, scheduler);
    }

    [Fact]
    public async Task Worker_ThatIsAskedToEnd_HandsItsSessionOver()
    {
        using var scheduler = Node("scheduler", "--listen", _address);
        using var gpu1 = Node("worker", "--join", _address, "--name", "gpu1");
        using var gpu2 = Node("worker", "--join", _address, "--name", "gpu2");
        await scheduler.EventAsync("joined");
        await scheduler.EventAsync("joined");
        using var edge = Edge(LongTokens);
        var from = await edge.WorkerAsync();
        var (leaving, staying) = from == "worker/gpu1" ? (gpu1, gpu2) : (gpu2, gpu1);
        await edge.TokensAsync(5);
        await leaving.SignalAsync("TERM");
        var moved = await edge.NextAsync(line => line["type"]!.GetValue<string>() == "moved");

        Assert.Equal(from, moved["from"]!["worker"]!.GetValue<string>());
        Assert.Equal(ExitCode.Success, (await leaving.EndAsync()).ExitCode);
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, LongTokens), await edge.TextAsync());
        await NodeCluster.EndAsync(staying, scheduler);
    }

    [Fact]
    public async Task Edge_WithoutACluster_SaysSo()
    {
        var result = await SplitActorsProcess.RunAsync("edge", "x", "--join", _address, "--patience", "1", "--quiet");

        result.Refused(ExitCode.Cluster, "--join", _address, "splitactors cloud");
    }

    [Theory]
    [InlineData("--listen", "0.0.0.0:7070", "only this machine")]
    [InlineData("--listen", "192.0.2.1:7070", "only this machine")]
    [InlineData("--listen", "7070", "HOST:PORT")]
    [InlineData("--listen", "127.0.0.1:70700", "HOST:PORT")]
    [InlineData("--join", "127.0.0.1:0", "HOST:PORT")]
    [InlineData("--name", "a/b", "a name of 1 to 63 letters")]
    [InlineData("--name", "ü", "a name of 1 to 63 letters")]
    public async Task Member_WrongAddressOrName_IsRefused(string option, string value, string expected)
    {
        (await SplitActorsProcess.RunAsync("worker", option, value)).Refused(ExitCode.Options, option, value, expected);
    }

    private NodeProcess Edge(int tokens) => Node("edge", Prompt, "--join", _address, "--max-tokens", $"{tokens}");

    private static NodeProcess Node(string command, params string[] options) => new([command, .. options, .. command == "scheduler" ? (string[])[] : ["--threads", "1"]]);
}
