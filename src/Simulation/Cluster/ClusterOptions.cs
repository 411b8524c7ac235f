using SplitActors.Actors.Backend;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Inference.Compression;

namespace SplitActors.Simulation.Cluster;

/// <summary>A cluster to simulate, and what it has to do.</summary>
public sealed record ClusterOptions
{
    public ulong Seed { get; init; } = 1;

    public int DeviceCount { get; init; } = 8;

    public int WorkerCount { get; init; } = 2;

    /// <summary>Virtual time in which sessions start and things go wrong; then all that has begun comes to its end.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Sessions of a device, one after the other.</summary>
    public int SessionsPerDevice { get; init; } = int.MaxValue;

    /// <summary>A device's first session starts after a time from zero to this, and so does each further one after the one before it.</summary>
    public TimeSpan ThinkTimeMax { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A session has a prompt of 1 to so many tokens.</summary>
    public int PromptTokensMax { get; init; } = 32;

    /// <summary>And generates this many to <see cref="GeneratedTokensMax"/>.</summary>
    public int GeneratedTokensMin { get; init; } = 16;

    public int GeneratedTokensMax { get; init; } = 32;

    /// <summary>What sessions start with.</summary>
    public FixedPlan Plan { get; init; } = PlansOf(ClusterCosts.Default.LayerCount)[0];

    /// <summary>To where sessions are moved.</summary>
    public IReadOnlyList<FixedPlan> MovePlans { get; init; } = PlansOf(ClusterCosts.Default.LayerCount);

    public ClusterFaults Faults { get; init; } = ClusterFaults.None;

    /// <summary>Between each device and the cloud; null: messages take no time.</summary>
    public LinkProfile? Link { get; init; }

    public ClusterCosts Costs { get; init; } = ClusterCosts.Default;

    /// <summary>Of each token after the first, asked for by half of the sessions; null: by none.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>W̄, for sessions that hand over.</summary>
    public int HandoffTokens { get; init; } = 8;

    /// <summary>A session may end because it waited longer than its limits allow; else that counts as a violation.</summary>
    public bool AllowsFailure { get; init; }

    /// <summary>Changes the limits of devices' sessions.</summary>
    public Func<EdgeOptions, EdgeOptions> Edge { get; init; } = static options => options;

    /// <summary>Changes the limits of the scheduler.</summary>
    public Func<SchedulerOptions, SchedulerOptions> Scheduler { get; init; } = static options => options;

    /// <summary>Changes the limits of workers; the number tells them apart.</summary>
    public Func<WorkerOptions, int, WorkerOptions> Worker { get; init; } = static (options, _) => options;

    /// <summary>All modes: splits at a half and a quarter, cloud, device, and hand-overs.</summary>
    public static IReadOnlyList<FixedPlan> PlansOf(int layerCount) =>
    [
        new(ExecutionMode.Split, layerCount / 2, CompressionOptions.Lossless),
        new(ExecutionMode.Split, layerCount / 4, CompressionOptions.Lossless),
        new(ExecutionMode.Cloud, 0, CompressionOptions.Lossless),
        new(ExecutionMode.Device, layerCount, CompressionOptions.Lossless),
        new(ExecutionMode.Handoff, layerCount / 2, CompressionOptions.Lossless),
        new(ExecutionMode.Handoff, 0, CompressionOptions.Lossless),
    ];
}
