namespace SplitActors.Inference.KvCaching;

/// <summary>
/// Pools of caches that are alike but for their number of layers, one for each number. A pool is made with its first cache and disposed with its last, so
/// that its memory can serve another number of layers. Belongs to one thread, but for the sums; its caches may compute on others.
/// </summary>
/// <param name="layout">Of the caches, whatever its number of layers.</param>
/// <param name="byteCountMax">Most bytes of each pool. Who opens caches sees to it that all together stay below it.</param>
public sealed class KvPagePools(KvLayout layout, long byteCountMax) : IDisposable
{
    private readonly Dictionary<int, OpenPool> _pools = []; // by number of layers
    private long _bytesInUse;
    private long _bytesAllocated;

    /// <summary>Bytes of the pages that caches hold, also closed ones that a computation retains.</summary>
    public long BytesInUse => Interlocked.Read(ref _bytesInUse);

    /// <summary>Bytes taken from the operating system.</summary>
    public long BytesAllocated => Interlocked.Read(ref _bytesAllocated);

    public KvCache OpenCache(int layerCount, int tokenCountMax)
    {
        var pool = _pools.TryGetValue(layerCount, out var open) ? open.Pool : new KvPagePool(layout.WithLayers(layerCount), byteCountMax, this);
        _pools[layerCount] = new OpenPool(pool, open.CacheCount + 1);
        return new KvCache(pool, tokenCountMax);
    }

    /// <summary>Disposes a cache that <see cref="OpenCache"/> gave.</summary>
    public void CloseCache(KvCache cache)
    {
        cache.Dispose();
        var layerCount = cache.Layout.LayerCount;
        var (pool, cacheCount) = _pools[layerCount];
        _pools[layerCount] = new OpenPool(pool, cacheCount - 1);
        if (cacheCount > 1)
            return;
        _pools.Remove(layerCount);
        pool.Dispose();
    }

    /// <summary>The memory is freed as caches are disposed.</summary>
    public void Dispose()
    {
        foreach (var open in _pools.Values)
            open.Pool.Dispose();
        _pools.Clear();
    }

    internal void AddInUse(long byteCount) => Interlocked.Add(ref _bytesInUse, byteCount);

    internal void AddAllocated(long byteCount) => Interlocked.Add(ref _bytesAllocated, byteCount);

    private readonly record struct OpenPool(KvPagePool Pool, int CacheCount);
}
