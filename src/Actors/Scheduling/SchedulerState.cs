using System.Collections.Immutable;
using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Scheduling;

/// <summary>What every session is told to do: mode, split layer ℓ, compression.</summary>
public sealed record FixedPlan(ExecutionMode Mode, int SplitLayer, CompressionOptions Compression);

public sealed record SchedulerOptions
{
    public required string Address { get; init; }

    public required ByteString ModelDigest { get; init; }

    public required int LayerCount { get; init; }

    public required FixedPlan Plan { get; init; }

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

    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    internal void Validate()
    {
        Limit.RequirePositive(WorkerSilenceMax);
        Limit.RequirePositive(WorkerCountMax);
        Limit.RequirePositive(SessionCountMax);
        Limit.RequirePositive(RetryAfter);
        Limit.RequirePositive(DegradationMax);
        Limit.RequirePositive(WorkerMargin);
        Limit.RequirePositive(PromiseHeadroom);
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

    /// <summary>Most tokens of all its sessions, by their keys and values; without a limit if it did not say.</summary>
    public long TokenCountMax { get; init; } = long.MaxValue;

    /// <summary>Microseconds of a step with so many sessions, and of what waited at the last report.</summary>
    public double StepUs(int sessionCount) => Speed.StepUsWorst(sessionCount) + (Speed.Slowdown * Speed.RowUs * (Status?.QueuedRows ?? 0));

    /// <summary>Whether sessions of so many tokens in all fit; what not even an empty worker holds is its own to refuse.</summary>
    public bool Fits(long placedTokens, long tokenCountMax) =>
        tokenCountMax > TokenCountMax || placedTokens + tokenCountMax <= TokenCountMax;

    /// <summary>When a device last reported it lost.</summary>
    public TimeSpan? LostAt { get; init; }

    /// <summary>A device has lost it, and nothing was heard from it since.</summary>
    public bool IsSuspect => LostAt >= SeenAt;
}

/// <summary>A session, the worker it was sent to, and its last link report.</summary>
public sealed record PlacedSession(string Edge, string Worker, LinkReport? Link)
{
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
