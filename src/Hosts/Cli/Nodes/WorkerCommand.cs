using System.CommandLine;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Nodes;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary><c>splitactors worker</c>: a worker of a cluster.</summary>
internal static class WorkerCommand
{
    public static readonly IReadOnlyList<Setting> Settings =
        [.. MemberAddress.Settings, RunSettings.Model, NodeSettings.FirstLayer, .. WorkerRole.Settings, RunSettings.Threads, RunSettings.ProfileCache, NodeSettings.Json];

    public static Command Create() => NodeCommand.Create(
        "worker",
        """
        Runs the last layers of a model for all devices that the scheduler sends, in batches, until Ctrl-C or SIGTERM: then its sessions move to other workers
        first. May start before the scheduler, and joins again by itself if the cluster gives it up.

        Example: splitactors worker --name gpu1 --memory 8GiB --max-sessions 32, where `splitactors cloud` or `splitactors scheduler` runs
        """,
        exitCodes: "0 asked to end, 1 failed or refused by the scheduler, 2 wrong option, 3 wrong checkpoint",
        Settings,
        (settings, _) => RunAsync(settings));

    private static Task<int> RunAsync(SettingReader settings)
    {
        var role = WorkerRole.Read(settings, NodeSettings.FirstLayer);
        var address = MemberAddress.Read(settings, founds: false);
        var name = ClusterNode.NameOf(settings, NodeSettings.Name, ClusterNode.MachineName);
        return Node.RunAsync(settings, Node.ModelOf(settings), role.ThreadCount, (runtime, models, node) =>
        {
            var slots = role.Slots(runtime, models[0], name, node);
            return ClusterNode.ServeAsync(node, address, () => new MemberActors { Slot = slots() }, role.DrainTimeMax);
        });
    }
}
