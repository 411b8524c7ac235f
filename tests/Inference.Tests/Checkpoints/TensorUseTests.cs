using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

/// <summary>What a checkpoint has beyond what the computation uses.</summary>
public sealed class TensorUseTests : IDisposable
{
    private readonly CheckpointBuilder _builder = new CheckpointBuilder().AddModelTensors();
    private readonly List<string> _warnings = [];

    public void Dispose() => _builder.Dispose();

    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj.bias")]
    [InlineData("model.layers.1.self_attn.q_norm.weight")]
    [InlineData("model.layers.1.mlp.down_proj.weight_scale_inv")]
    [InlineData("model.layers.0.pre_feedforward_layernorm.weight")]
    [InlineData("model.layers.one.mlp.gate.weight")]
    [InlineData("model.embed_positions.weight")]
    [InlineData("lm_head.bias")]
    public void Open_TensorOfAnotherComputation_IsRefused(string name)
    {
        _builder.Add(name, "F8_E8M0", [4], new byte[4]);
        CheckpointAssert.RefusesOpen(_builder.WriteSingleFile().Folder, _builder.PathTo("model.safetensors"), $"'{name}'", "changes the result");
        _builder.Delete("model.safetensors").WriteShards(2);
        CheckpointAssert.RefusesOpen(_builder.Folder, "model.safetensors.index.json", $"'{name}'");
    }

    /// <summary>An index is a label: the file states what it has.</summary>
    [Fact]
    public void GetTensor_FileHasMoreThanTheIndexSays_IsRefused()
    {
        const string Bias = "model.layers.1.self_attn.v_proj.bias";
        _builder.Add(Bias, "BF16", [16], new byte[32]).WriteShards(1);
        ChangeIndex(map => map.Remove(Bias));
        using var checkpoint = Checkpoint.Open(_builder.Folder);
        CheckpointAssert.Refuses(() => checkpoint.GetTensor(ModelTensors.FinalNorm), "model-00001-of-00001.safetensors", Bias);
    }

    [Theory]
    [InlineData("model.layers.2.mlp.up_proj.weight")]
    [InlineData("model.layers.7.self_attn.q_norm.weight")]
    public void Open_TensorOfAFurtherLayer_NamesTheNumberOfLayers(string name)
    {
        _builder.Add(name, "BF16", [4], new byte[8]);
        CheckpointAssert.RefusesOpen(_builder.WriteSingleFile().Folder, "config.json, num_hidden_layers", name);
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq")]
    [InlineData("model.layers.9.self_attn.rotary_emb.inv_freq")]
    [InlineData("model.rotary_emb.inv_freq")]
    public void Open_RotaryFrequencies_AreIgnored(string name)
    {
        using var checkpoint = Open(_builder.Add(name, "F32", [4], new byte[16]).WriteSingleFile());
        Assert.Equal(2, Segment.Load(checkpoint, new LayerRange(0, 2)).Layers.Count);
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Open_TensorsBesideTheModel_AreToldOnceWhateverTheirType(int shardCount)
    {
        _builder.Add("v_head.summary.weight", "F8_E8M0", [4], new byte[4]).Add("extra", "F4", [4], new byte[2]).Add("score", "C64", [1], new byte[8]);
        using var checkpoint = Open(shardCount == 1 ? _builder.WriteSingleFile() : _builder.WriteShards(shardCount));
        checkpoint.RequireTensors();
        Assert.Equal(2, Segment.Load(checkpoint, new LayerRange(0, 2)).Layers.Count);
        Assert.Contains(CheckpointSummary.Of(checkpoint).Types, share => share == new TypeShare("F8_E8M0", 1, 4, 4));
        var warning = Assert.Single(_warnings);
        Assert.Contains("tensor 'extra' and 2 others are not used", warning, StringComparison.Ordinal);
    }

    /// <summary>As some tools write it for a tied model: the index names a head that no file has.</summary>
    [Theory]
    [InlineData("model-00001-of-00002.safetensors")]
    [InlineData("model-00003-of-00003.safetensors")]
    public void Open_IndexNamesTheHeadOfATiedModel_IsToldAndUsable(string file)
    {
        _builder.Config["tie_word_embeddings"] = true;
        _builder.Tensors.RemoveAll(tensor => tensor.Name == ModelTensors.Head);
        _builder.WriteShards(2);
        ChangeIndex(map => map[ModelTensors.Head] = file);
        using var checkpoint = Open(_builder);
        checkpoint.RequireTensors();
        Assert.True(Segment.Load(checkpoint, new LayerRange(0, 2)).HasHead);
        Assert.DoesNotContain(checkpoint.Tensors, tensor => tensor.Name == ModelTensors.Head);
        Assert.Equal(64, ModelDigest.Of(checkpoint).Hex.Length);
        Assert.Equal(_builder.Tensors.Sum(tensor => tensor.Data.Length), CheckpointSummary.Of(checkpoint).Types.Sum(share => share.ByteCount));
        Assert.True(checkpoint.FileBytes > 0);
        var warning = Assert.Single(_warnings);
        Assert.Contains(file, warning, StringComparison.Ordinal);
        Assert.Contains("used", warning, StringComparison.Ordinal);
    }

    private Checkpoint Open(CheckpointBuilder files) => Checkpoint.Open(files.Folder, new CheckpointOpenOptions { Warn = _warnings.Add });

    private void ChangeIndex(Action<JsonObject> change)
    {
        var index = JsonNode.Parse(File.ReadAllText(_builder.PathTo(ShardIndex.FileName)))!;
        change(index["weight_map"]!.AsObject());
        _builder.Write(ShardIndex.FileName, index);
    }
}
