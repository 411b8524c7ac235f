using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Tests.KvCaching;

public sealed class KvCacheTests
{
    private static KvLayout Layout { get; } = new(layerCount: 3, kvHeadCount: 2, headDim: 6, KvFormat.Float16);

    [Fact]
    public void Reserve_OneTokenAtATime_TakesAPageForEverySixteen()
    {
        using var cache = new KvCache(Layout, tokenCountMax: 200);
        for (var position = 0; position < 200; position++)
        {
            cache.Reserve(position, 1);
            Assert.Equal(Layout.PageBytes * ((position / 16) + 1), cache.ByteCount);
            Assert.Equal(Layout.BytesFor(position + 1), cache.ByteCount);
        }

        Assert.Equal(200, cache.TokenCount);
    }

    [Fact]
    public void Reserve_EarlierPosition_ForgetsWhatFollowsAndItsPages()
    {
        using var cache = WithTokens(50);
        cache.Reserve(7, 2);
        Assert.Equal((9, Layout.PageBytes), (cache.TokenCount, cache.ByteCount));
        cache.Reserve(9, 0);
        Assert.Equal((9, Layout.PageBytes), (cache.TokenCount, cache.ByteCount));
    }

    [Theory]
    [InlineData(11, 1)]  // a gap
    [InlineData(10, 91)] // beyond the limit
    [InlineData(0, 101)]
    [InlineData(10, int.MaxValue)]
    [InlineData(-1, 1)]
    [InlineData(5, -1)]
    public void Reserve_GapOrNoRoomOrNegative_IsRefusedAndChangesNothing(int position, int count)
    {
        using var cache = WithTokens(10);
        var byteCount = cache.ByteCount;
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Reserve(position, count));
        Assert.Equal((10, byteCount), (cache.TokenCount, cache.ByteCount));
    }

    [Fact]
    public void Reserve_MoreThanThePoolHas_IsRefusedAndChangesNothing()
    {
        using var pool = new KvPagePool(Layout, 4 * Layout.PageBytes);
        using var first = new KvCache(pool, 1000);
        using var second = new KvCache(pool, 1000);
        first.Reserve(0, 20);
        second.Reserve(0, 10);
        var error = Assert.Throws<KvPoolExhaustedException>(() => second.Reserve(10, 30));
        Assert.Equal((4 * Layout.PageBytes, 4 * Layout.PageBytes), (error.BytesInUse, error.ByteCountMax));
        Assert.Equal((10, Layout.PageBytes, 3 * Layout.PageBytes), (second.TokenCount, second.ByteCount, pool.BytesInUse));

        first.Dispose();
        second.Reserve(10, 30);
        Assert.Equal(3 * Layout.PageBytes, pool.BytesInUse);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(4, 4, 1)]
    [InlineData(16, 16, 1)]
    [InlineData(17, 17, 2)]
    [InlineData(40, 40, 3)]
    [InlineData(41, 40, 3)]
    public void Truncate_KeepsWhatPrecedes(int position, int tokenCount, int pageCount)
    {
        using var cache = WithTokens(40);
        cache.Truncate(position);
        Assert.Equal((tokenCount, pageCount * Layout.PageBytes), (cache.TokenCount, cache.ByteCount));
    }

    [Fact]
    public void Truncate_NegativePosition_IsRefused()
    {
        using var cache = WithTokens(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(-1));
        Assert.Equal(10, cache.TokenCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Constructor_NoTokens_IsRefused(int tokenCountMax) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvCache(Layout, tokenCountMax));

    [Fact]
    public void Constructor_NoLayers_CountsTokensInNoBytes()
    {
        using var cache = new KvCache(new KvLayout(0, 2, 6, KvFormat.Int4), 100);
        cache.Reserve(0, 80);
        Assert.Equal((80, 0L), (cache.TokenCount, cache.ByteCount));
    }

    [Theory]
    [InlineData(3, 0, 0)]
    [InlineData(0, 2, 0)]
    [InlineData(0, 0, 10)]
    [InlineData(0, 0, -1)]
    public void Write_OutsideOfWhatIsReserved_IsRefused(int layer, int kvHead, int position)
    {
        using var cache = WithTokens(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Write(layer, kvHead, position, new float[6], new float[6]));
    }

    [Fact]
    public void Dispose_WhileRetained_GivesThePagesBackAfterwards()
    {
        using var pool = new KvPagePool(Layout, Layout.BytesFor(100));
        using var cache = new KvCache(pool, 100);
        cache.Reserve(0, 20);
        Assert.True(cache.TryRetain());
        cache.Dispose();
        Assert.Equal(Layout.BytesFor(20), pool.BytesInUse);
        Assert.False(cache.TryRetain());
        cache.Reserve(20, 20); // the computation goes on

        cache.Release();
        Assert.Equal(0, pool.BytesInUse);
        Assert.Throws<ObjectDisposedException>(() => cache.Reserve(0, 1));
        cache.Dispose();
        Assert.Equal(0, pool.BytesInUse);
    }

    [Fact]
    public void Dispose_OnAnotherThreadWhileComputing_NeverTakesPagesFromTheComputation()
    {
        using var pool = new KvPagePool(Layout, Layout.BytesFor(64));
        for (var round = 0; round < 200; round++)
        {
            using var cache = new KvCache(pool, 64);
            using var start = new Barrier(2);
            var dropping = new Thread(() =>
            {
                start.SignalAndWait();
                cache.Dispose();
            });
            dropping.Start();
            start.SignalAndWait();
            if (cache.TryRetain())
            {
                cache.Reserve(0, 64);
                Assert.Equal(Layout.BytesFor(64), cache.ByteCount);
                cache.Release();
            }

            dropping.Join();
            Assert.Equal(0, pool.BytesInUse);
        }
    }

    private static KvCache WithTokens(int count)
    {
        var cache = new KvCache(Layout, tokenCountMax: 100);
        cache.Reserve(0, count);
        return cache;
    }
}
