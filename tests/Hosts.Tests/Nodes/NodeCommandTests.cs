using System.Text.RegularExpressions;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Nodes;

[Trait("Needs", "Broker")]
public sealed class NodeCommandTests(NodeCluster cluster) : IClassFixture<NodeCluster>
{
    private const string Prompt = "Alice looked at the";
    private const int LongTokens = 400;

    private static readonly Regex DigestRefusal = new("has model digest [0-9a-f]{12}, the scheduler [0-9a-f]{12}", RegexOptions.None, TimeSpan.FromSeconds(10));

    [BrokerFact]
    public async Task Drain_SessionMoves_AndItsTextIsExact()
    {
        await cluster.RunBrokerAsync();
        using var scheduler = cluster.Scheduler();
        using var gpu1 = cluster.Worker("gpu1");
        using var gpu2 = cluster.Worker("gpu2");
        await scheduler.EventAsync("joined");
        await scheduler.EventAsync("joined");
        using var edge = cluster.Edge("gateway1", Prompt, LongTokens);
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

    [BrokerFact]
    public async Task Workers_SecondOne_TakesNewLoad_AndTheSchedulerReportsBoth()
    {
        await cluster.RunBrokerAsync();
        using var scheduler = cluster.Scheduler("--status-every", "0.2");
        Assert.Contains("mode split, 4 of 8 layers", await scheduler.EventAsync("ready"), StringComparison.Ordinal);
        Assert.Contains("stands by", await scheduler.EventAsync("status"), StringComparison.Ordinal);
        using var first = cluster.Worker("gpu1");
        await scheduler.EventAsync("active");
        Assert.StartsWith("worker/gpu1 joined with layers 1–8", await scheduler.EventAsync("joined"), StringComparison.Ordinal);
        using var one = cluster.Edge("gateway1", Prompt, LongTokens);
        Assert.Equal("worker/gpu1", await one.WorkerAsync());
        await one.TokensAsync(1);
        await one.SignalAsync("STOP"); // so that it does not end meanwhile

        using var second = await JoinedAsync(scheduler, "gpu2");
        using var other = cluster.Edge("gateway2", Prompt, 8);
        Assert.Equal("worker/gpu2", await other.WorkerAsync());
        await scheduler.NextAsync(line => line["message"]!.GetValue<string>().EndsWith("workers: 2, sessions: 2", StringComparison.Ordinal));
        await scheduler.NextAsync(line => line["message"]!.GetValue<string>().StartsWith("worker/gpu1: 1 sessions placed", StringComparison.Ordinal));
        await other.TextAsync();
        await one.SignalAsync("CONT");
        await one.TextAsync();
        await NodeCluster.EndAsync(first, second, scheduler);
    }

    [BrokerFact]
    public async Task Cloud_ServesADevice_AndRefusesAnotherModel_NamingBothDigests()
    {
        await cluster.RunBrokerAsync();
        using var cloud = new NodeProcess("cloud", "--config", cluster.ConfigOf("cloud"), "--threads", "1");
        await cloud.EventAsync("joined");
        using var edge = cluster.Edge("gateway1", Prompt, 24);
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());

        using var other = ChainModel.Smiles(contextLength: 64);
        using var stranger = cluster.Edge("gateway1", "x", 8, "--model", other.Folder);
        var refused = await stranger.EndAsync();
        Assert.Equal(ExitCode.Failure, refused.ExitCode);
        Assert.Matches(DigestRefusal, refused.Error);

        using var worker = cluster.Worker("gpu2", "--model", other.Folder);
        await worker.NextAsync(line => DigestRefusal.IsMatch(line["message"]!.GetValue<string>()));
        Assert.Equal(ExitCode.Failure, (await worker.EndAsync()).ExitCode);
        await NodeCluster.EndAsync(cloud);
    }

    [BrokerFact]
    public async Task Amqp_Wrong_IsRefusedInALine()
    {
        await cluster.RunBrokerAsync();
        (await EdgeAsync("http://localhost")).Refused(ExitCode.Options, "--amqp");
        (await EdgeAsync($"amqps://gateway1:guessed@{cluster.Address["amqps://".Length..]}?cacertfile=ca.pem&certfile=gateway1.pem&keyfile=gateway1.key")).Refused(ExitCode.Cluster, "gateway1");
        (await EdgeAsync("amqp://gateway1:secret@localhost:1")).Refused(ExitCode.Cluster, "localhost:1");

        Task<ProcessResult> EdgeAsync(string uri) => new SplitActorsProcess("edge", "x", "--amqp", uri, "--patience", "1", "--quiet")
        {
            WorkingFolder = Path.GetDirectoryName(cluster.ConfigOf("gateway1"))!,
        }.RunAsync();
    }

    private async Task<NodeProcess> JoinedAsync(NodeProcess scheduler, string user)
    {
        var worker = cluster.Worker(user);
        await scheduler.NextAsync(line => line["message"]!.GetValue<string>().StartsWith($"worker/{user} joined", StringComparison.Ordinal));
        return worker;
    }
}
