namespace SplitActors.Simulation.Cluster;

/// <summary>What goes wrong in a simulated cluster, beside the network. Times are means over the whole cluster; null: never.</summary>
public sealed record ClusterFaults
{
    public static ClusterFaults None { get; } = new();

    /// <summary>A bad day: 2 % of messages lost, and something of the rest every few seconds.</summary>
    public static ClusterFaults Default { get; } = new()
    {
        Network = new NetworkFaults { DropRate = 0.02, DuplicateRate = 0.02, DelayRate = 0.1, DelayMax = TimeSpan.FromMilliseconds(200), WatchLossRate = 0.1 },
        WorkerCrashEvery = TimeSpan.FromSeconds(20),
        WorkerDrainEvery = TimeSpan.FromSeconds(30),
        SchedulerCrashEvery = TimeSpan.FromSeconds(90),
        SchedulerTakeoverEvery = TimeSpan.FromSeconds(60),
        MemoryPressureEvery = TimeSpan.FromSeconds(20),
        DeviceCrashEvery = TimeSpan.FromSeconds(15),
        PartitionEvery = TimeSpan.FromSeconds(20),
        WorkerReplacedEvery = TimeSpan.FromSeconds(60),
        FreezeEvery = TimeSpan.FromSeconds(20),
        TwoSchedulersEvery = TimeSpan.FromSeconds(60),
        StaleAlternativeRate = 0.05,
        SlowEvery = TimeSpan.FromSeconds(20),
        MoveEvery = TimeSpan.FromSeconds(2),
    };

    public NetworkFaults Network { get; init; } = new();

    public TimeSpan? WorkerCrashEvery { get; init; }

    /// <summary>A worker is told to leave: it ends when its sessions are elsewhere, and starts again later.</summary>
    public TimeSpan? WorkerDrainEvery { get; init; }

    /// <summary>A worker's name turns up at once on another node, which knows nothing of its sessions.</summary>
    public TimeSpan? WorkerReplacedEvery { get; init; }

    /// <summary>A worker stands still, and then does all that has come for it.</summary>
    public TimeSpan? FreezeEvery { get; init; }

    public TimeSpan FreezeMax { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>A second scheduler answers half of the nodes under the same name, until it is told to go.</summary>
    public TimeSpan? TwoSchedulersEvery { get; init; }

    /// <summary>Probability that a plan's alternatives are any names of workers, some of which nobody has.</summary>
    public double StaleAlternativeRate { get; init; }

    public TimeSpan? SchedulerCrashEvery { get; init; }

    /// <summary>A standby, which knows nothing, takes the scheduler's place; messages on their way still arrive.</summary>
    public TimeSpan? SchedulerTakeoverEvery { get; init; }

    /// <summary>A worker forgets one of its sessions to make room.</summary>
    public TimeSpan? MemoryPressureEvery { get; init; }

    public TimeSpan? DeviceCrashEvery { get; init; }

    /// <summary>What crashed starts again after a time from zero to this, all equally likely, without anything that it knew.</summary>
    public TimeSpan DowntimeMax { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A node is cut off from all others.</summary>
    public TimeSpan? PartitionEvery { get; init; }

    public TimeSpan PartitionMax { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>A node computes slowly.</summary>
    public TimeSpan? SlowEvery { get; init; }

    public TimeSpan SlowMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A slow node takes 1 to so many times as long.</summary>
    public double SlowdownMax { get; init; } = 20;

    /// <summary>A session is sent to another split or mode.</summary>
    public TimeSpan? MoveEvery { get; init; }

    /// <summary>Probability that a device cannot load what a move needs.</summary>
    public double LoadFailureRate { get; init; }
}
