using System.CommandLine;
using Akka.Actor;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Nodes;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary><c>splitactors cloud</c>: a scheduler and a worker in one process.</summary>
internal static class CloudCommand
{
    public static readonly IReadOnlyList<Setting> Settings =
    [
        .. MemberAddress.Settings, NodeSettings.Amqp, NodeSettings.WorkerAmqp, RunSettings.Model, .. SchedulerRole.Settings.Union(WorkerRole.Settings), RunSettings.Threads, RunSettings.ProfileCache, NodeSettings.Json,
    ];

    public static Command Create() => NodeCommand.Create(
        "cloud",
        """
        Runs a scheduler and a worker with all layers in one process, until Ctrl-C or SIGTERM: a cluster on this machine, which others join. Further workers and schedulers may join.
        With --amqp and --worker-amqp, they are two users of a broker instead, which connects machines.

        Example: splitactors cloud, and in another terminal: splitactors edge "Once upon a time"
        Over a broker: splitactors cloud --config cluster/cloud.json --split auto
        """,
        exitCodes: "0 asked to end, 1 failed, 2 wrong option, 3 wrong checkpoint, 7 no broker, or it refuses",
        Settings,
        (settings, _) => RunAsync(settings));

    private static Task<int> RunInClusterAsync(SettingReader settings, SchedulerRole schedulerRole, WorkerRole workerRole)
    {
        var address = MemberAddress.Read(settings, founds: true);
        var name = ClusterNode.NameOf(settings, NodeSettings.Name, "cloud");
        return Node.RunAsync(settings, Node.ModelOf(settings), workerRole.ThreadCount, (runtime, models, node) =>
        {
            var schedulers = schedulerRole.Candidates(runtime, models, node.Log);
            var slots = workerRole.Slots(runtime, models[0], name, node);
            return ClusterNode.ServeAsync(node, address, () => new MemberActors { Slot = slots(), Schedulers = schedulers }, workerRole.DrainTimeMax);
        });
    }

    private static Task<int> RunAsync(SettingReader settings)
    {
        var schedulerRole = SchedulerRole.Read(settings);
        var workerRole = WorkerRole.Read(settings, firstLayer: null);
        if (settings.Find(NodeSettings.Amqp) is null)
            return RunInClusterAsync(settings, schedulerRole, workerRole);
        var schedulerConnection = NodeConnection.Read(settings, NodeSettings.Amqp);
        var workerConnection = NodeConnection.Read(settings, NodeSettings.WorkerAmqp);
        return Node.RunAsync(settings, Node.ModelOf(settings), workerRole.ThreadCount, async (runtime, models, node) =>
        {
            await using var schedulerTransport = await schedulerConnection.ConnectAsync(Timeout.InfiniteTimeSpan, node.Log.Warn, node.Cancellation);
            await using var workerTransport = await workerConnection.ConnectAsync(Timeout.InfiniteTimeSpan, node.Log.Warn, node.Cancellation);
            var scheduler = schedulerRole.Start(runtime, models, schedulerTransport, node.Log);
            var worker = workerRole.Start(runtime, models[0], workerConnection, workerTransport, node);
            var workerEnded = worker.WatchAsync();
            var wasAsked = await node.ServeAsync(Task.WhenAny(workerEnded, scheduler.WatchAsync()));
            if (wasAsked)
                await WorkerRole.DrainAsync(worker, workerEnded, node.Log);
            await runtime.System.Terminate(); // before the transports close
            return wasAsked;
        });
    }
}
