using System.CommandLine;
using Akka.Actor;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary><c>splitactors cloud</c>: a scheduler and a worker in one process.</summary>
internal static class CloudCommand
{
    private static readonly IReadOnlyList<Setting> Settings =
    [
        NodeSettings.Amqp, NodeSettings.WorkerAmqp, RunSettings.Model, .. SchedulerRole.Settings.Union(WorkerRole.Settings), RunSettings.Threads, RunSettings.ProfileCache, NodeSettings.Json,
    ];

    public static Command Create() => NodeCommand.Create(
        "cloud",
        """
        Runs a scheduler and a worker with all layers in one process, as two users of the broker, until Ctrl-C or SIGTERM. Further workers and schedulers may join.

        Example: splitactors cloud --config cluster/cloud.json --split auto
        """,
        exitCodes: "0 asked to end, 1 failed, 2 wrong option, 3 wrong checkpoint, 7 no broker, or it refuses",
        Settings,
        (settings, _) => RunAsync(settings));

    private static Task<int> RunAsync(SettingReader settings)
    {
        var schedulerRole = SchedulerRole.Read(settings);
        var workerRole = WorkerRole.Read(settings, firstLayer: null);
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
