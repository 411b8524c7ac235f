using System.CommandLine;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Nodes;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary><c>splitactors cloud</c>: a scheduler and a worker in one process.</summary>
internal static class CloudCommand
{
    public static readonly IReadOnlyList<Setting> Settings =
    [
        .. MemberAddress.Settings, RunSettings.Model, .. SchedulerRole.Settings.Union(WorkerRole.Settings), RunSettings.Threads, RunSettings.ProfileCache, NodeSettings.Json,
    ];

    public static Command Create() => NodeCommand.Create(
        "cloud",
        """
        Runs a scheduler and a worker with all layers in one process, until Ctrl-C or SIGTERM: a cluster on this machine, which others join. Further workers and schedulers may join.

        Example: splitactors cloud, and in another terminal: splitactors edge "Once upon a time"
        """,
        exitCodes: "0 asked to end, 1 failed, 2 wrong option, 3 wrong checkpoint",
        Settings,
        (settings, _) => RunAsync(settings));

    private static Task<int> RunAsync(SettingReader settings)
    {
        var schedulerRole = SchedulerRole.Read(settings);
        var workerRole = WorkerRole.Read(settings, firstLayer: null);
        var address = MemberAddress.Read(settings, founds: true);
        var name = ClusterNode.NameOf(settings, NodeSettings.Name, "cloud");
        return Node.RunAsync(settings, Node.ModelOf(settings), workerRole.ThreadCount, (runtime, models, node) =>
        {
            var schedulers = schedulerRole.Candidates(runtime, models, node.Log);
            var slots = workerRole.Slots(runtime, models[0], name, node);
            return ClusterNode.ServeAsync(node, address, () => new MemberActors { Slot = slots(), Schedulers = schedulers }, workerRole.DrainTimeMax);
        });
    }
}
