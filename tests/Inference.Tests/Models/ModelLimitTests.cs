using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Models;

public sealed class ModelLimitTests
{
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
