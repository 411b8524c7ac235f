using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Actors.Scheduling;

/// <summary>What a session is told to do: mode, split layer ℓ, compression.</summary>
public sealed record FixedPlan(ExecutionMode Mode, int SplitLayer, CompressionOptions Compression)
{
    /// <summary>Of the device's weights, and of its keys and values; null: as the device has them.</summary>
    public (WeightFormat Weights, KvFormat Kv)? Front { get; init; }
}

public sealed record SchedulerOptions
{
    public required string Address { get; init; }

    public required ByteString ModelDigest { get; init; }

    public required int LayerCount { get; init; }

    /// <summary>For every session; null: each is planned for.</summary>
    public FixedPlan? Plan { get; init; }

    /// <summary>Makes a plan for each device, and anew when link, load or memory change; where there is no <see cref="Plan"/> for all.</summary>
    public SessionPlanner? Planner { get; init; }

    /// <summary>Least time from a session's plan until it is weighed against others, and from then to the next time.</summary>
    public TimeSpan PlanPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most that a token may take elsewhere, over what it takes where it is, for a move to be worth it.</summary>
    public double MoveGain { get; init; } = 0.8;

    /// <summary>A worker that is silent for this long gets no session.</summary>
    public TimeSpan WorkerSilenceMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most workers, and most sessions, that are kept; more are refused.</summary>
    public int WorkerCountMax { get; init; } = 1024;

    public int SessionCountMax { get; init; } = 65_536;

    /// <summary>What a device is told to wait when no worker can take it.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Most that a session is promised in place of what it asked for, as a multiple; above, it is rejected.</summary>
    public double DegradationMax { get; init; } = 2;

    /// <summary>On top of the predicted time of a worker: for what batches differ.</summary>
    public double WorkerMargin { get; init; } = 1.25;

    /// <summary>What a promise above the deadline adds to the predicted time, so that it need not change with every report.</summary>
    public double PromiseHeadroom { get; init; } = 0.1;

    /// <exception cref="InvalidOperationException">There is no plan and nobody to make one.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    internal void Validate()
    {
        if (Plan is null && Planner is null)
            throw new InvalidOperationException("The scheduler needs a plan, or a planner.");
        Limit.RequirePositive(WorkerSilenceMax);
        Limit.RequirePositive(WorkerCountMax);
        Limit.RequirePositive(SessionCountMax);
        Limit.RequirePositive(RetryAfter);
        Limit.RequirePositive(DegradationMax);
        Limit.RequirePositive(WorkerMargin);
        Limit.RequirePositive(PromiseHeadroom);
        Limit.RequirePositive(PlanPause);
        Limit.RequirePositive(MoveGain);
    }
}

/// <summary>All that the scheduler knows.</summary>
public sealed record SchedulerState(SchedulerOptions Options)
{
    public ImmutableSortedDictionary<string, RegisteredWorker> Workers { get; init; } =
        ImmutableSortedDictionary.Create<string, RegisteredWorker>(StringComparer.Ordinal);

    public ImmutableDictionary<SessionId, PlacedSession> Sessions { get; init; } = ImmutableDictionary<SessionId, PlacedSession>.Empty;
}

/// <summary>A worker that said hello. <paramref name="Status"/> is its last report.</summary>
public sealed record RegisteredWorker(LayerRange Layers, int SessionCountMax, WorkerStatus? Status, TimeSpan SeenAt)
{
    public WorkerSpeed Speed { get; init; } = WorkerSpeed.Unknown;

    /// <summary>Tokens that wait there, by its last report.</summary>
    public long QueuedRows => Status?.QueuedRows ?? 0;

    /// <summary>Most bytes of keys and values of all its sessions; without a limit if it did not say.</summary>
    public long KvBytesMax { get; init; } = long.MaxValue;

    /// <summary>Of a token in one layer.</summary>
    public long KvBytesPerLayer { get; init; }

    /// <summary>Most tokens of a session with so many layers here.</summary>
    public long TokenCountMax(int layerCount) => layerCount > 0 && KvBytesPerLayer > 0 ? KvBytesMax / KvBytesPerLayer / layerCount : long.MaxValue;

    /// <summary>Whether tokens of all layers fit beside others; what not even an empty worker holds is its own to refuse.</summary>
    /// <param name="placed">Tokens of the others, each counted once for each of its layers.</param>
    /// <param name="added">Likewise.</param>
    public bool Fits(long placed, long added) =>
        KvBytesPerLayer == 0 || added > KvBytesMax / KvBytesPerLayer || placed + added <= KvBytesMax / KvBytesPerLayer;

    /// <summary>When a device last reported it lost.</summary>
    public TimeSpan? LostAt { get; init; }

    /// <summary>A device has lost it, and nothing was heard from it since.</summary>
    public bool IsSuspect => LostAt >= SeenAt;
}

/// <summary>A session, the worker it was sent to, and its last link report.</summary>
public sealed record PlacedSession(string Edge, string Worker, LinkReport? Link)
{
    /// <summary>Of the last plan that it was sent.</summary>
    public uint Revision { get; init; }

    /// <summary>Why it was sent one that it did not ask for.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What this session alone is told to do; null: what all are.</summary>
    public FixedPlan? Plan { get; init; }

    /// <summary>When its plan was made, or last weighed against others.</summary>
    public TimeSpan WeighedAt { get; init; }

    /// <summary>What its plan was made from; null if it was not made for this device.</summary>
    public SessionNeeds? Needs { get; init; }

    /// <summary>What its plan is expected to be like; null if it was not made for this device.</summary>
    public Candidate? Expected { get; init; }

    /// <summary>The device has room for fewer tokens than it asked for.</summary>
    public bool IsShortened { get; init; }

    /// <summary>Prompt and generated tokens together.</summary>
    public long TokenCountMax { get; init; }

    /// <summary>What the device asked for, and what is known of its time and link; null if it has no deadline.</summary>
    public DeadlineRequest? Request { get; init; }

    /// <summary>What it was promised last.</summary>
    public Deadline? Promise { get; init; }
}

/// <summary>A deadline for each token, and the parts of the time that are the device's and the link's, at worst. In microseconds.</summary>
public sealed record DeadlineRequest(long AskedUs, long DeviceUs, long LinkUs)
{
    /// <summary>A report replaces what it knows.</summary>
    public DeadlineRequest After(LinkReport report) => this with
    {
        LinkUs = report.LinkUsWorst > 0 ? report.LinkUsWorst : LinkUs,
        DeviceUs = report.DeviceUs > 0 ? report.DeviceUs : DeviceUs,
    };
}
