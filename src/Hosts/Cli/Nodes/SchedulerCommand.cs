using System.CommandLine;
using Akka.Actor;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Nodes;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary><c>splitactors scheduler</c>: the scheduler of a cluster, or one that stands by.</summary>
internal static class SchedulerCommand
{
    public static readonly IReadOnlyList<Setting> Settings = [.. MemberAddress.Settings, NodeSettings.Node, NodeSettings.Amqp, NodeSettings.Models, .. SchedulerRole.Settings, RunSettings.ProfileCache, NodeSettings.Json];

    public static Command Create() => NodeCommand.Create(
        "scheduler",
        """
        Runs a cluster's scheduler: it tells devices which worker and which split to take, until Ctrl-C or SIGTERM. Further ones stand by, and the broker turns
        to the next when one is gone; devices and workers introduce themselves to it, and nothing is lost.

        Example: splitactors scheduler --split auto, and then workers: splitactors worker --name gpu1
        Over a broker: splitactors scheduler --config cluster/scheduler.json --split auto
        """,
        exitCodes: "0 asked to end, 1 failed, 2 wrong option, 3 wrong checkpoint, 7 no broker, or it refuses",
        Settings,
        (settings, _) => RunAsync(settings));

    private static Task<int> RunInClusterAsync(SettingReader settings, SchedulerRole role, IReadOnlyList<string> folders)
    {
        var address = MemberAddress.Read(settings, founds: true);
        _ = ClusterNode.NameOf(settings, NodeSettings.Node, "scheduler");
        return Node.RunAsync(settings, folders, threadCount: 1, (runtime, models, node) =>
        {
            var schedulers = role.Candidates(runtime, models, node.Log);
            return ClusterNode.ServeAsync(node, address, () => new MemberActors { Schedulers = schedulers });
        });
    }

    private static async Task<int> RunAsync(SettingReader settings)
    {
        var role = SchedulerRole.Read(settings);
        var folders = settings.Text(NodeSettings.Models)?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (settings.Find(NodeSettings.Amqp) is null)
            return await RunInClusterAsync(settings, role, folders);
        var connection = NodeConnection.Read(settings, NodeSettings.Amqp);
        return await Node.RunAsync(settings, folders, threadCount: 1, async (runtime, models, node) =>
        {
            await using var transport = await connection.ConnectAsync(Timeout.InfiniteTimeSpan, node.Log.Warn, node.Cancellation);
            var scheduler = role.Start(runtime, models, transport, node.Log);
            var wasAsked = await node.ServeAsync(scheduler.WatchAsync());
            await runtime.System.Terminate(); // before the transport closes
            return wasAsked;
        });
    }
}
