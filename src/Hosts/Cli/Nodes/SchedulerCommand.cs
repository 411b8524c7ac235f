using System.CommandLine;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Nodes;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary><c>splitactors scheduler</c>: the scheduler of a cluster, or one that stands by.</summary>
internal static class SchedulerCommand
{
    public static readonly IReadOnlyList<Setting> Settings = [.. MemberAddress.Settings, NodeSettings.Node, NodeSettings.Models, .. SchedulerRole.Settings, RunSettings.ProfileCache, NodeSettings.Json];

    public static Command Create() => NodeCommand.Create(
        "scheduler",
        """
        Runs a cluster's scheduler: it tells devices which worker and which split to take, until Ctrl-C or SIGTERM. Further ones stand by, and the oldest
        takes over when it is gone; devices and workers introduce themselves to it, and nothing is lost.

        Example: splitactors scheduler --split auto, and then workers: splitactors worker --name gpu1
        """,
        exitCodes: "0 asked to end, 1 failed, 2 wrong option, 3 wrong checkpoint",
        Settings,
        (settings, _) => RunAsync(settings));

    private static Task<int> RunAsync(SettingReader settings)
    {
        var role = SchedulerRole.Read(settings);
        var folders = settings.Text(NodeSettings.Models)?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var address = MemberAddress.Read(settings, founds: true);
        _ = ClusterNode.NameOf(settings, NodeSettings.Node, "scheduler");
        return Node.RunAsync(settings, folders, threadCount: 1, (runtime, models, node) =>
        {
            var schedulers = role.Candidates(runtime, models, node.Log);
            return ClusterNode.ServeAsync(node, address, () => new MemberActors { Schedulers = schedulers });
        });
    }
}
