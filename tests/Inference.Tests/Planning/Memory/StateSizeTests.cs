using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Memory;

namespace SplitActors.Inference.Tests.Planning.Memory;

public sealed class StateSizeTests
{
    private static readonly ModelConfig Llama7B = ModelShapes.Parse("llama-7b", "--shape");
    private static readonly ModelConfig Llama8B = ModelShapes.Parse("llama-8b", "--shape"); // grouped-query attention

    /// <summary>Equation 2 term by term, where every query head has its own keys and values.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(250, 20)]
    [InlineData(250, 21)]
    [InlineData(350, 32)]
    public void StateBits_MultiHeadAttention_IsThePapers(int tokenCount, int layer)
    {
        const int SplitLayer = 20, FrontBits = 8, BackBits = 4, HD = 4096;
        var expected = 0L;
        for (var k = 1; k <= 32; k++)
            expected += 2L * (k <= layer ? tokenCount : tokenCount - 1) * HD * (k <= SplitLayer ? FrontBits : BackBits);
        expected += (long)HD * (layer <= SplitLayer ? FrontBits : BackBits);
        Assert.Equal(expected, new StateSize(Llama7B, SplitLayer, FrontBits, BackBits).StateBits(tokenCount, layer));
    }

    [Fact]
    public void StateBits_GroupedQueryAttention_HasTheTrueWidth()
    {
        var size = new StateSize(Llama8B, 32, 16, 16);
        Assert.Equal((2L * 1024 * 32 * 100 * 16) + (4096 * 16), size.StateBits(100, 32));
    }

    /// <summary>Exact for whole pages of half precision, where our format stores nothing else.</summary>
    [Fact]
    public void StateBits_WholePagesInHalf_IsOurCacheAndAHiddenState()
    {
        var pages = new KvLayout(32, Llama8B.KvHeadCount, Llama8B.HeadDim, KvFormat.Float16).BytesFor(160);
        Assert.Equal((8 * pages) + (4096 * 16), new StateSize(Llama8B, 20, 16, 16).StateBits(160, 32));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ByteCount_IsEquationThree(bool shipsKvCache)
    {
        var size = new StateSize(Llama7B, 20, 3, 3);
        var bits = shipsKvCache ? size.StateBits(7, 5) : 7L * 4096 * 3;
        Assert.Equal((bits + 7) / 8, size.ByteCount(7, 5, shipsKvCache));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 33)]
    public void ByteCount_NoSuchPoint_IsRefused(int tokenCount, int layer) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new StateSize(Llama7B, 20, 4, 4).ByteCount(tokenCount, layer, true));
}
