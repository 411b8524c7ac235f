using SplitActors.Inference.Models;

namespace SplitActors.Inference.Tests.Models;

public sealed class KvCacheTests
{
    private const int LayerCount = 3;
    private const int KvWidth = 5;

    [Fact]
    public void Reserve_OneTokenAtATime_GrowsByDoublingUpToTheLimit()
    {
        var cache = new KvCache(LayerCount, KvWidth, tokenCountMax: 200);
        var capacities = new List<long>();
        for (var position = 0; position < 200; position++)
        {
            cache.Reserve(position, 1);
            capacities.Add(cache.ByteCount / (2 * LayerCount * KvWidth * sizeof(float)));
        }

        Assert.Equal([64, 128, 200], capacities.Distinct());
        Assert.Equal([0, 64, 128], capacities.Distinct().Select(capacity => capacities.IndexOf(capacity)));
        Assert.Equal(200, cache.TokenCount);
    }

    [Fact]
    public void Reserve_ManyTokensAtOnce_GrowsToThem()
    {
        var cache = new KvCache(LayerCount, KvWidth, tokenCountMax: 1000);
        cache.Reserve(0, 700);
        Assert.Equal(2L * LayerCount * KvWidth * sizeof(float) * 700, cache.ByteCount);
    }

    [Fact]
    public void ByteCount_SmallLimit_IsNotMoreThanTheLimit() =>
        Assert.Equal(2 * LayerCount * KvWidth * sizeof(float) * 10, new KvCache(LayerCount, KvWidth, tokenCountMax: 10).ByteCount);

    [Fact]
    public void Grow_WrittenKeysAndValues_Stay()
    {
        var cache = new KvCache(LayerCount, KvWidth, tokenCountMax: 500);
        for (var position = 0; position < 500; position++)
        {
            cache.Reserve(position, 1);
            for (var layer = 0; layer < LayerCount; layer++)
            {
                cache.Keys(layer, position, 1).Fill((1000 * layer) + position);
                cache.Values(layer, position, 1).Fill(-(1000 * layer) - position);
            }
        }

        for (var layer = 0; layer < LayerCount; layer++)
        {
            var expected = Enumerable.Range(0, 500).SelectMany(position => Enumerable.Repeat((1000f * layer) + position, KvWidth)).ToArray();
            Assert.Equal(expected, cache.Keys(layer, 0, 500).ToArray());
            Assert.Equal(expected.Select(value => -value), cache.Values(layer, 0, 500).ToArray());
        }
    }

    [Fact]
    public void Reserve_EarlierPosition_ForgetsWhatFollows()
    {
        var cache = WithTokens(20);
        cache.Reserve(7, 2);
        Assert.Equal(9, cache.TokenCount);
        cache.Reserve(9, 0);
        Assert.Equal(9, cache.TokenCount);
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
        var cache = WithTokens(10);
        var byteCount = cache.ByteCount;
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Reserve(position, count));
        Assert.Equal((10, byteCount), (cache.TokenCount, cache.ByteCount));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 4)]
    [InlineData(10, 10)]
    [InlineData(11, 10)]
    public void Truncate_KeepsWhatPrecedes(int position, int expected)
    {
        var cache = WithTokens(10);
        cache.Truncate(position);
        Assert.Equal(expected, cache.TokenCount);
    }

    [Fact]
    public void Truncate_NegativePosition_IsRefused()
    {
        var cache = WithTokens(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(-1));
        Assert.Equal(10, cache.TokenCount);
    }

    [Theory]
    [InlineData(-1, 1, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 0)]
    [InlineData(1, 1024, 1 << 22)] // a layer's keys would not fit into one array
    public void Constructor_ImpossibleSizes_AreRefused(int layerCount, int kvWidth, int tokenCountMax) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvCache(layerCount, kvWidth, tokenCountMax));

    [Fact]
    public void Constructor_NoLayers_CountsTokensInNoBytes()
    {
        var cache = new KvCache(0, KvWidth, 100);
        cache.Reserve(0, 80);
        Assert.Equal((80, 0L), (cache.TokenCount, cache.ByteCount));
    }

    private static KvCache WithTokens(int count)
    {
        var cache = new KvCache(LayerCount, KvWidth, tokenCountMax: 100);
        cache.Reserve(0, count);
        return cache;
    }
}
