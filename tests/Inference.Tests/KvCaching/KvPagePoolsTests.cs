using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Tests.KvCaching;

public sealed class KvPagePoolsTests
{
    private static KvLayout Layout { get; } = new(layerCount: 8, kvHeadCount: 2, headDim: 64, KvFormat.Int8);

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void OpenCache_AnyNumberOfLayers_HasThemAndElseTheSameLayout(int layerCount)
    {
        using var pools = new KvPagePools(Layout, 1 << 20);
        using var cache = pools.OpenCache(layerCount, tokenCountMax: 40);
        Assert.Equal(Layout.WithLayers(layerCount), cache.Layout);
        Assert.Equal(40, cache.TokenCountMax);
    }

    [Fact]
    public void CloseCache_TheLastOfItsLayers_GivesTheirMemoryBack()
    {
        using var pools = new KvPagePools(Layout, 1 << 20);
        KvCache first = pools.OpenCache(3, 40), second = pools.OpenCache(3, 40), other = pools.OpenCache(5, 40);
        foreach (var cache in new[] { first, second, other })
            cache.Reserve(0, 40);
        Assert.Equal((Bytes(3, 40) * 2) + Bytes(5, 40), pools.BytesAllocated);

        pools.CloseCache(first);
        Assert.Equal((Bytes(3, 40) + Bytes(5, 40), (Bytes(3, 40) * 2) + Bytes(5, 40)), (pools.BytesInUse, pools.BytesAllocated));
        pools.CloseCache(second);
        Assert.Equal((Bytes(5, 40), Bytes(5, 40)), (pools.BytesInUse, pools.BytesAllocated));
        pools.CloseCache(other);
        Assert.Equal((0, 0), (pools.BytesInUse, pools.BytesAllocated));
    }

    /// <summary>A new pool meanwhile has nothing to do with the old one.</summary>
    [Fact]
    public void CloseCache_WhileAComputationRetainsIt_GivesItsMemoryBackAfterwards()
    {
        using var pools = new KvPagePools(Layout, 1 << 20);
        var retained = pools.OpenCache(3, 40);
        Assert.True(retained.TryRetain());
        pools.CloseCache(retained);
        using var successor = pools.OpenCache(3, 16);
        retained.Reserve(0, 40);
        Assert.Equal(Bytes(3, 40), pools.BytesAllocated);
        retained.Release();
        Assert.Equal(0, pools.BytesAllocated);

        successor.Reserve(0, 1);
        Assert.Equal(Bytes(3, 16), pools.BytesAllocated);
    }

    [Fact]
    public void Dispose_BeforeItsCaches_LetsThemFinish()
    {
        var pools = new KvPagePools(Layout, 1 << 20);
        var cache = pools.OpenCache(3, 40);
        cache.Reserve(0, 16);
        pools.Dispose();
        cache.Reserve(16, 24);
        Assert.Equal(Bytes(3, 40), pools.BytesInUse);
        cache.Dispose();
        Assert.Equal((0, 0), (pools.BytesInUse, pools.BytesAllocated));
    }

    private static long Bytes(int layerCount, int tokenCount) => Layout.WithLayers(layerCount).BytesFor(tokenCount);
}
