using SplitActors.Inference.Models;

namespace SplitActors.Inference.Tests.Models;

public sealed class ModelLimitTests
{
    [Fact]
    public void SequenceTokensMax_OfAHugeContext_FitsTheCache()
    {
        var config = Quill.Config with { ContextLength = 1 << 28 };

        Assert.Equal(Array.MaxLength / config.KvWidth, config.SequenceTokensMax);
        _ = new KvCache(layerCount: 1, config.KvWidth, config.SequenceTokensMax);
    }

    [Fact]
    public void SequenceTokensMax_OfAnOrdinaryContext_IsTheContext() => Assert.Equal(512, Quill.Config.SequenceTokensMax);
}
