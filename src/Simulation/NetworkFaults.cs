namespace SplitActors.Simulation;

/// <summary>How a simulated network misbehaves. Rates are probabilities for each message.</summary>
public sealed record NetworkFaults
{
    public double DropRate { get; init; }

    /// <summary>Longer messages travel in chunks of so many bytes, each of which may be lost, and the message with it; null: in one.</summary>
    public int? ChunkBytes { get; init; }

    public double DuplicateRate { get; init; }

    public double DelayRate { get; init; }

    /// <summary>A delayed message takes a time from zero to this, all equally likely; those behind it on the same way wait for it.</summary>
    public TimeSpan DelayMax { get; init; }

    /// <summary>For each message: that later ones may overtake it within <see cref="ReorderMax"/>. No real transport does that.</summary>
    public double ReorderRate { get; init; }

    /// <summary>Null: <see cref="DelayMax"/>.</summary>
    public TimeSpan? ReorderMax { get; init; }

    /// <summary>For each watch: that the watcher is never told.</summary>
    public double WatchLossRate { get; init; }
}
