using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Checkpoints;
using SplitActors.Inference.Tests.Models;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Quantization;

public sealed class OpscQuantizationTests : IDisposable
{
    private readonly CheckpointBuilder _files = SyntheticModel.Build();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Read_WrittenConfig_IsTheSame()
    {
        var written = new OpscQuantization(1, new WeightFormat(3, 64), WeightFormat.Unquantized);
        using var checkpoint = Open(written.ToJson());
        Assert.Equal(written, checkpoint.Quantization);
    }

    [Fact]
    public void Read_NoField_IsNull()
    {
        using var checkpoint = Checkpoint.Open(_files.Folder);
        Assert.Null(checkpoint.Quantization);
        Assert.Equal(WeightFormat.Unquantized, checkpoint.FormatOf("model.embed_tokens.weight"));
    }

    [Theory]
    [InlineData("model.embed_tokens.weight", 4)]
    [InlineData("model.layers.0.mlp.down_proj.weight", 4)]
    [InlineData("model.layers.0.input_layernorm.weight", 16)]
    [InlineData("model.layers.1.self_attn.q_proj.weight", 8)]
    [InlineData("model.norm.weight", 16)]
    [InlineData("lm_head.weight", 8)]
    [InlineData("of.no.model", 16)]
    public void FormatOf_Tensor_FollowsItsLayer(string tensor, int bits)
    {
        using var checkpoint = Open(new OpscQuantization(1, new WeightFormat(4), new WeightFormat(8)).ToJson());
        Assert.Equal(bits, checkpoint.FormatOf(tensor).Bits);
    }

    [Theory]
    [InlineData("quant_method", "\"gptq\"", "\"splitactors-opsc\"", "\"gptq\"", "unquantized checkpoint")]
    [InlineData("quant_method", "null", "\"splitactors-opsc\"")]
    [InlineData("version", "2", "expected 1, found 2", "quantize")]
    [InlineData("version", "null", "version")]
    [InlineData("split_layer", "3", "0 to 2")]
    [InlineData("split_layer", "-1", "0 to 2")]
    [InlineData("front", "4", "a JSON object")]
    [InlineData("front", """{"bits":5,"group_size":32}""", "16, 8, 4, 3, 2", "front.bits")]
    [InlineData("back", """{"bits":4,"group_size":48}""", "32, 64, 128", "back.group_size")]
    [InlineData("back", """{"bits":4}""", "back.group_size")]
    public void Read_UnusableField_NamesIt(string field, string value, params string[] texts)
    {
        var quantization = new OpscQuantization(1, new WeightFormat(4), new WeightFormat(8)).ToJson();
        quantization[field] = JsonNode.Parse(value);
        CheckpointAssert.Refuses(() => Open(quantization).Dispose(), [$"config.json, {OpscQuantization.FieldName}", .. texts]);
    }

    private Checkpoint Open(JsonObject quantization)
    {
        _files.Config[OpscQuantization.FieldName] = quantization.DeepClone();
        _files.WriteConfig();
        return Checkpoint.Open(_files.Folder);
    }
}
