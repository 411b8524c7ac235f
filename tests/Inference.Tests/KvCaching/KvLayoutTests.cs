using SplitActors.Inference.KvCaching;

namespace SplitActors.Inference.Tests.KvCaching;

public sealed class KvLayoutTests
{
    /// <summary>16 layers, 8 KV heads of 64: 16 positions · 2 · 16 · 8 · 64 values, and 64 bytes for each integer block.</summary>
    [Theory]
    [InlineData(KvFormat.Float32, 1_048_576)]
    [InlineData(KvFormat.Float16, 524_288)]
    [InlineData(KvFormat.Int8, 262_144 + (256 * 64))]
    [InlineData(KvFormat.Int4, 131_072 + (256 * 64))]
    public void PageBytes_OfAnOrdinaryModel_AreTheSumOfItsBlocks(KvFormat format, long expected)
    {
        var layout = new KvLayout(16, 8, 64, format);
        Assert.Equal(expected, layout.PageBytes);
        Assert.Equal([0, expected, expected, 2 * expected], new[] { 0, 1, 16, 17 }.Select(layout.BytesFor));
    }

    [Fact]
    public void BytesFor_AHugeContext_DoesNotOverflow() =>
        Assert.Equal((1L << 27) * 524_288, new KvLayout(16, 8, 64, KvFormat.Float16).BytesFor(int.MaxValue));

    [Theory]
    [InlineData(-1, 1, 2, KvFormat.Int4)]
    [InlineData(1, 0, 2, KvFormat.Int4)]
    [InlineData(1, 1, 0, KvFormat.Int4)]
    [InlineData(1, 1, 3, KvFormat.Int4)]
    [InlineData(1, 1, 2, (KvFormat)5)]
    public void Constructor_ImpossibleSizes_AreRefused(int layerCount, int kvHeadCount, int headDim, KvFormat format) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvLayout(layerCount, kvHeadCount, headDim, format));
}
