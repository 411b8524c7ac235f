using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Nodes;

[Trait("Needs", "Broker")]
public sealed class NodeOrderTests(NodeCluster cluster) : IClassFixture<NodeCluster>
{
    private const string Prompt = "Alice looked at the";

    [BrokerFact]
    public async Task Commands_DeviceFirst_AndBrokerLast_GiveTheTextOfRun()
    {
        using var edge = cluster.Edge("gateway1", Prompt, 24, "--quiet");
        using var worker = cluster.Worker("gpu1");
        using var scheduler = cluster.Scheduler();
        await scheduler.EventAsync("warning"); // the broker does not answer
        await cluster.RunBrokerAsync();

        Assert.Equal("worker/gpu1", await edge.WorkerAsync());
        Assert.Equal(await NodeCluster.UndisturbedAsync(Prompt, 24), await edge.TextAsync());
        await NodeCluster.EndAsync(worker, scheduler);
    }
}
