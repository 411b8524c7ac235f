using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Scheduling;

/// <summary>A worker that said hello. <paramref name="Status"/> is its last report.</summary>
public sealed record RegisteredWorker(LayerRange Layers, int SessionCountMax, WorkerStatus? Status, TimeSpan SeenAt)
{
    /// <summary>As it says of itself.</summary>
    /// <param name="hello">Its layers are those of the model.</param>
    /// <param name="now">Time since any fixed moment.</param>
    public static RegisteredWorker Of(Hello hello, TimeSpan now)
    {
        var (layers, profile) = (new LayerRange((int)hello.FirstLayer, (int)hello.EndLayer), hello.Profile);
        return new RegisteredWorker(layers, Clamped(hello.SessionCountMax), Status: null, now)
        {
            Speed = WorkerSpeed.Of(profile),
            KvBytesMax = profile is { HasKvBytesMax: true } ? (long)Math.Min(profile.KvBytesMax, long.MaxValue) : long.MaxValue,
            NumericsId = hello.NumericsId,
            KvBytesPerLayer = (long)Math.Min(profile?.KvBytesPerLayer ?? 0, int.MaxValue),
            DeviceLimit = new DeviceLimit(
                hello.HasDeviceSessionCountMax ? Clamped(hello.DeviceSessionCountMax) : int.MaxValue,
                hello.HasDeviceTokenCountMax ? (long)Math.Min(hello.DeviceTokenCountMax, long.MaxValue) : long.MaxValue),
        };

        static int Clamped(uint count) => (int)Math.Min(count, int.MaxValue);
    }

    public WorkerSpeed Speed { get; init; } = WorkerSpeed.Unknown;

    /// <summary>By its last report it gets no further session, and ends when those that it has are elsewhere.</summary>
    public bool IsLeaving => Status is { Leaving: true };

    /// <summary>Sessions that were sent elsewhere because it is leaving; they may still be here.</summary>
    public ImmutableHashSet<SessionKey> SentAway { get; init; } = [];

    /// <summary>Tokens that wait there, by its last report.</summary>
    public long QueuedRows => Status?.QueuedRows ?? 0;

    /// <summary>Workers of one id compute the same bits.</summary>
    public ulong NumericsId { get; init; }

    /// <summary>Most bytes of keys and values of all its sessions; without a limit if it did not say.</summary>
    public long KvBytesMax { get; init; } = long.MaxValue;

    /// <summary>Of a token in one layer.</summary>
    public long KvBytesPerLayer { get; init; }

    /// <summary>Most tokens of a session with so many layers here.</summary>
    public long TokenCountMax(int layerCount) => layerCount > 0 && KvBytesPerLayer > 0 ? KvBytesMax / KvBytesPerLayer / layerCount : long.MaxValue;

    /// <summary>The most that one device may have here.</summary>
    public DeviceLimit DeviceLimit { get; init; } = DeviceLimit.None;

    /// <summary>Whether tokens of all layers fit beside others.</summary>
    /// <param name="placed">Tokens of the others, each counted once for each of its layers.</param>
    /// <param name="added">Likewise.</param>
    public bool Fits(long placed, long added) => KvBytesPerLayer == 0 || placed + added <= KvBytesMax / KvBytesPerLayer;

    /// <summary>Whether it has room for one more session beside others, for its device too.</summary>
    public bool HasRoomFor(DeviceId device, SessionLoad load, WorkerSessions others) =>
        others.Count < SessionCountMax && Fits(others.LayerTokens, load.LayerTokens)
        && DeviceLimit.HoldsWith(others.Holdings.Of(device), load.TokenCountMax);

    /// <summary>
    /// Microseconds that a token of one more session was last seen to take here; +∞ where there was no room. Falls only when the sessions of
    /// devices alone are weighed against it.
    /// </summary>
    public double OfferedUs { get; init; } = double.PositiveInfinity;

    /// <summary>Microseconds of a step at worst for which its sessions' promises were last made.</summary>
    public long? PromisedUs { get; init; }

    /// <summary>When a device last reported it lost.</summary>
    public TimeSpan? LostAt { get; init; }

    /// <summary>A device has lost it, and nothing was heard from it since.</summary>
    public bool IsSuspect => LostAt >= SeenAt;
}
