using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Scheduling;

/// <summary>A worker that said hello. <paramref name="Status"/> is its last report.</summary>
public sealed record RegisteredWorker(LayerRange Layers, int SessionCountMax, WorkerStatus? Status, TimeSpan SeenAt)
{
    public WorkerSpeed Speed { get; init; } = WorkerSpeed.Unknown;

    /// <summary>By its last report it gets no further session, and ends when those that it has are elsewhere.</summary>
    public bool IsLeaving => Status is { Leaving: true };

    /// <summary>Sessions that were sent elsewhere because it is leaving; they may still be here.</summary>
    public ImmutableHashSet<SessionId> SentAway { get; init; } = [];

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

    /// <summary>Microseconds of a step at worst for which its sessions' promises were last made.</summary>
    public long? PromisedUs { get; init; }

    /// <summary>When a device last reported it lost.</summary>
    public TimeSpan? LostAt { get; init; }

    /// <summary>A device has lost it, and nothing was heard from it since.</summary>
    public bool IsSuspect => LostAt >= SeenAt;
}
