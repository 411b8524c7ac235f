using Google.Protobuf;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;
using SplitActors.Inference.KvCaching;
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

    /// <summary>Of the model: a session that asks for more tokens is refused.</summary>
    public required int ContextLength { get; init; }

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

    /// <summary>
    /// A session of which its device says nothing for this long is given up, at the latest a quarter of that later: its end was lost on its way, and the notice that its device
    /// is gone too. Several times <see cref="Edge.EdgeOptions.LinkReportPeriod"/>.
    /// </summary>
    public TimeSpan SessionSilenceMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most workers, and most sessions, that are kept; more are refused.</summary>
    public int WorkerCountMax { get; init; } = 1024;

    public int SessionCountMax { get; init; } = 65_536;

    /// <summary>Most sessions of one device, on all workers together; each worker says what a device may have there.</summary>
    public int DeviceSessionCountMax { get; init; } = 256;

    /// <summary>Most tokens that all sessions of one device may come to hold: eight contexts of 131,072 tokens.</summary>
    public long DeviceTokenCountMax { get; init; } = 1 << 20;

    internal DeviceLimit DeviceLimit => new(DeviceSessionCountMax, DeviceTokenCountMax);

    /// <summary>
    /// Least time between two hedges of a session, whose replays are work that workers do twice; null: sessions do not hedge. An alternative that has no room to spare is not hedged
    /// with at all.
    /// </summary>
    public TimeSpan? HedgePause { get; init; } = TimeSpan.FromSeconds(5);

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
        Limit.RequirePositive(SessionSilenceMax);
        Limit.RequirePositive(WorkerCountMax);
        Limit.RequirePositive(SessionCountMax);
        Limit.RequirePositive(ContextLength);
        Limit.RequirePositive(DeviceSessionCountMax);
        Limit.RequirePositive(DeviceTokenCountMax);
        Limit.RequirePositive(RetryAfter);
        Limit.RequirePositive(HedgePause ?? TimeSpan.MaxValue);
        Limit.RequirePositive(DegradationMax);
        Limit.RequirePositive(WorkerMargin);
        Limit.RequirePositive(PromiseHeadroom);
        Limit.RequirePositive(PlanPause);
        Limit.RequirePositive(MoveGain);
    }
}
