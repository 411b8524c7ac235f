using System.CommandLine;
using Akka.Actor;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Nodes;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary><c>splitactors worker</c>: a worker of a cluster.</summary>
internal static class WorkerCommand
{
    public static readonly IReadOnlyList<Setting> Settings =
        [.. MemberAddress.Settings, NodeSettings.Amqp, RunSettings.Model, NodeSettings.FirstLayer, .. WorkerRole.Settings, RunSettings.Threads, RunSettings.ProfileCache, NodeSettings.Json];

    public static Command Create() => NodeCommand.Create(
        "worker",
        """
        Runs the last layers of a model for all devices that the scheduler sends, in batches, until Ctrl-C or SIGTERM: then its sessions move to other workers
        first. May start before the broker and the scheduler, and comes back by itself when they do.

        Example: splitactors worker --name gpu1 --memory 8GiB --max-sessions 32, where `splitactors cloud` or `splitactors scheduler` runs
        Over a broker: splitactors worker --config cluster/gpu1.json
        """,
        exitCodes: "0 asked to end, 1 failed or refused by the scheduler, 2 wrong option, 3 wrong checkpoint, 7 no broker, or it refuses",
        Settings,
        (settings, _) => RunAsync(settings));

    private static Task<int> RunInClusterAsync(SettingReader settings, WorkerRole role)
    {
        var address = MemberAddress.Read(settings, founds: false);
        var name = ClusterNode.NameOf(settings, NodeSettings.Name, ClusterNode.MachineName);
        return Node.RunAsync(settings, Node.ModelOf(settings), role.ThreadCount, (runtime, models, node) =>
        {
            var slots = role.Slots(runtime, models[0], name, node);
            return ClusterNode.ServeAsync(node, address, () => new MemberActors { Slot = slots() }, role.DrainTimeMax);
        });
    }

    private static Task<int> RunAsync(SettingReader settings)
    {
        var role = WorkerRole.Read(settings, NodeSettings.FirstLayer);
        if (settings.Find(NodeSettings.Amqp) is null)
            return RunInClusterAsync(settings, role);
        var connection = NodeConnection.Read(settings, NodeSettings.Amqp);
        return Node.RunAsync(settings, Node.ModelOf(settings), role.ThreadCount, async (runtime, models, node) =>
        {
            await using var transport = await connection.ConnectAsync(Timeout.InfiniteTimeSpan, node.Log.Warn, node.Cancellation);
            var worker = role.Start(runtime, models[0], connection, transport, node);
            var ended = worker.WatchAsync();
            var wasAsked = await node.ServeAsync(ended);
            if (wasAsked)
                await WorkerRole.DrainAsync(worker, ended, node.Log);
            await runtime.System.Terminate(); // before the transport closes
            return wasAsked;
        });
    }
}
