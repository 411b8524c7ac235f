using System.Collections.Immutable;

namespace SplitActors.Actors.Backend;

/// <summary>
/// Bytes of keys and values that a worker's sessions may come to hold. Sessions of one number of layers share a pool of pages, which keeps its memory until the
/// last of them is gone: so the most that was reserved there since counts, and not what is reserved now.
/// </summary>
public sealed record KvReservations
{
    public static KvReservations None { get; } = new();

    private ImmutableDictionary<int, PoolReservation> Pools { get; init; } = ImmutableDictionary<int, PoolReservation>.Empty; // by number of layers

    /// <summary>Of all sessions.</summary>
    public long Bytes => Pools.Values.Sum(pool => pool.Bytes);

    /// <summary>That the pools may have taken from the operating system and not given back.</summary>
    public long BytesKept => Pools.Values.Sum(pool => pool.BytesHighest);

    /// <summary>What a session of so many layers may reserve for all together to stay below a limit.</summary>
    public long BytesFree(int layerCount, long bytesMax)
    {
        var own = Pools.GetValueOrDefault(layerCount);
        return bytesMax - (BytesKept - own.BytesHighest) - own.Bytes;
    }

    public KvReservations Add(int layerCount, long bytes)
    {
        var pool = Pools.GetValueOrDefault(layerCount);
        var reserved = pool.Bytes + bytes;
        return new() { Pools = Pools.SetItem(layerCount, new PoolReservation(reserved, Math.Max(pool.BytesHighest, reserved))) };
    }

    /// <summary>Takes back what was added.</summary>
    public KvReservations Remove(int layerCount, long bytes)
    {
        var pool = Pools[layerCount];
        return new() { Pools = pool.Bytes == bytes ? Pools.Remove(layerCount) : Pools.SetItem(layerCount, pool with { Bytes = pool.Bytes - bytes }) };
    }

    /// <param name="Bytes">Reserved now.</param>
    /// <param name="BytesHighest">The most that were since the pool was last empty.</param>
    private readonly record struct PoolReservation(long Bytes, long BytesHighest);
}
