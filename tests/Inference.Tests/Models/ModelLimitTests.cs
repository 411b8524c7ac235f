using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Tests.Shared;

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

    [Fact]
    public void Load_ConfigWithFewerLayersThanTheFile_IsRefused()
    {
        using var builder = new CheckpointBuilder();
        builder.AddModelTensors();
        builder.Config["num_hidden_layers"] = 1;
        builder.WriteSingleFile();

        var error = Assert.Throws<UserErrorException>(() => Segment.Load(Checkpoint.Open(builder.Folder), new LayerRange(0, 1)));

        Assert.EndsWith("num_hidden_layers", error.Place, StringComparison.Ordinal);
        Assert.Contains("model.layers.1.", error.Message, StringComparison.Ordinal);
    }
}
