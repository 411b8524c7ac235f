using SplitActors.Inference.KvCaching;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.KvCaching;

public sealed class KvPagePoolTests
{
    private static KvLayout Layout { get; } = new(layerCount: 2, kvHeadCount: 2, headDim: 64, KvFormat.Int8);

    [Fact]
    public void Caches_GrowingInTurn_NeverShareAPage()
    {
        using var pool = new KvPagePool(Layout, Layout.BytesFor(16 * 300));
        var caches = Enumerable.Range(0, 3).Select(_ => new KvCache(pool, 16 * 100)).ToList();
        for (var page = 0; page < 100; page++)
            caches.ForEach(cache => cache.Reserve(cache.TokenCount, 16));
        var addresses = caches.SelectMany(PagesOf).Order().ToList();
        Assert.Equal(300, addresses.Distinct().Count());
        Assert.All(addresses.Zip(addresses.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, Layout.PageBytes, long.MaxValue));

        caches.ForEach(cache => cache.Dispose());
        Assert.Equal(0, pool.BytesInUse);
    }

    [Fact]
    public void Growing_FromPagesThatCameBack_AllocatesNothing()
    {
        using var pool = new KvPagePool(Layout, Layout.BytesFor(4000));
        using var cache = new KvCache(pool, 4000);
        Fill(cache);
        cache.Truncate(0);

        Assert.Equal(0, Allocations.LeastBytes(() =>
        {
            Fill(cache);
            cache.Truncate(0);
        }));

        static void Fill(KvCache cache)
        {
            while (cache.TokenCount < cache.TokenCountMax)
                cache.Reserve(cache.TokenCount, 1);
        }
    }

    [Fact]
    public void Pages_OfSeveralThreads_AllComeBack()
    {
        const int ThreadCount = 4;
        using var pool = new KvPagePool(Layout, ThreadCount * Layout.BytesFor(160));
        using var start = new Barrier(ThreadCount);
        var threads = Enumerable.Range(0, ThreadCount).Select(_ => new Thread(() =>
        {
            start.SignalAndWait();
            for (var round = 0; round < 500; round++)
            {
                using var cache = new KvCache(pool, 160);
                cache.Reserve(0, 40);
                cache.Reserve(40, 120);
                cache.Truncate(round % 160);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(0, pool.BytesInUse);
    }

    [Fact]
    public void Dispose_BeforeItsCaches_LetsThemFinish()
    {
        var pool = new KvPagePool(Layout, Layout.BytesFor(100));
        using var cache = new KvCache(pool, 100);
        using var unused = new KvCache(pool, 100);
        cache.Reserve(0, 16);
        pool.Dispose();
        cache.Write(1, 1, 15, new float[64], new float[64]);
        cache.Reserve(16, 16);
        cache.Dispose();
        Assert.Equal((0, 0), (pool.BytesInUse, pool.BytesAllocated));

        unused.Reserve(0, 1);
        unused.Dispose();
        Assert.Equal((0, 0), (pool.BytesInUse, pool.BytesAllocated));
    }

    /// <summary>However large the chunks that the pool could take.</summary>
    [Fact]
    public void Growing_NeverTakesMoreThanItsCachesMayComeToNeed()
    {
        using var pool = new KvPagePool(Layout, 1 << 24);
        var caches = Enumerable.Range(1, 5).Select(pages => new KvCache(pool, pages * KvLayout.PagePositions)).ToList();
        for (var i = 0; i < caches.Count; i++)
        {
            caches[i].Reserve(0, 1);
            Assert.InRange(pool.BytesAllocated, pool.BytesInUse, caches.Take(i + 1).Sum(cache => Layout.BytesFor(cache.TokenCountMax)));
        }

        caches.ForEach(cache => cache.Reserve(0, cache.TokenCountMax));
        Assert.Equal(caches.Sum(cache => cache.ByteCount), pool.BytesAllocated);
        caches.ForEach(cache => cache.Dispose());
    }

    [Fact]
    public void Rent_OfAPoolSmallerThanAPage_IsRefused()
    {
        using var pool = new KvPagePool(Layout, Layout.PageBytes - 1);
        using var cache = new KvCache(pool, 10);
        Assert.Throws<KvPoolExhaustedException>(() => cache.Reserve(0, 1));
    }

    private static unsafe List<long> PagesOf(KvCache cache)
    {
        var pages = new List<long>();
        for (var i = 0; i < KvLayout.PagesFor(cache.TokenCount); i++)
            pages.Add((long)cache.Page(i));
        return pages;
    }
}
