using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Models;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

/// <summary>What is found when weights are loaded is found in the headers before.</summary>
public sealed class TensorCheckTests : IDisposable
{
    private const string UpProjection = "model.layers.1.mlp.up_proj.weight";

    private readonly CheckpointBuilder _builder = new CheckpointBuilder().AddModelTensors();

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void RequireTensors_WholeModels_AreAccepted()
    {
        using var quill = Checkpoint.Open(Repository.Quill);
        quill.RequireTensors();
        using var shards = Checkpoint.Open(_builder.WriteShards(3).Folder);
        shards.RequireTensors();
    }

    [Fact]
    public void RequireTensors_OtherShapes_NamesBoth()
    {
        Change(UpProjection, tensor => tensor with { Shape = [32, 64] });
        Refuses(UpProjection, "shape", "[64, 32]", "[32, 64]");
    }

    [Fact]
    public void RequireTensors_VocabularyOfTheConfigIsLarger_NamesBoth()
    {
        _builder.Config["vocab_size"] = 50;
        Refuses(ModelTensors.Embedding, "[50, 32]", "[48, 32]");
    }

    [Theory]
    [InlineData("F8_E4M3")]
    [InlineData("F8_E8M0")]
    [InlineData("I16")]
    public void RequireTensors_TypeThatIsNoWeights_NamesIt(string type)
    {
        Change(UpProjection, tensor => tensor with { Type = type, Data = new byte[type == "I16" ? 4096 : 2048] });
        Refuses(UpProjection, "dtype", "BF16, F16 or F32", type);
    }

    [Fact]
    public void RequireTensors_TensorMissing_NamesIt()
    {
        _builder.Tensors.RemoveAll(tensor => tensor.Name == UpProjection);
        Refuses(UpProjection, "no tensor of this name");
    }

    [Fact]
    public void RequireTensors_ConfigWithMoreLayersThanTheFiles_NamesTheFirst()
    {
        _builder.Config["num_hidden_layers"] = 3;
        Refuses("model.layers.2.input_layernorm.weight", "no tensor of this name");
    }

    [Fact]
    public void RequireTensors_ShardsThatNeedNotBeHere_AreLeftOut()
    {
        _builder.WriteShards(2).Delete("model-00002-of-00002.safetensors");
        using var checkpoint = Checkpoint.Open(_builder.Folder, new CheckpointOpenOptions { RequireAllShards = false });
        checkpoint.RequireTensors();
        Assert.Equal(StoredSizes.At(checkpoint.Config).Embedding, StoredSizes.Of(checkpoint).Embedding);
        Assert.Equal(StoredSizes.At(checkpoint.Config).Head, StoredSizes.Of(checkpoint).Head); // as the label has it
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RequireTensors_HeadOfATiedModel_MustBeTheEmbedding(bool isCopy)
    {
        _builder.Config["tie_word_embeddings"] = true;
        if (isCopy)
            Change(ModelTensors.Head, head => head with { Data = _builder.Tensors[0].Data });
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        if (isCopy)
            checkpoint.RequireTensors();
        else
            CheckpointAssert.Refuses(checkpoint.RequireTensors, ModelTensors.Head, "tie_word_embeddings", "config.json");
    }

    /// <summary>A device that has the front's file alone would miss a layer.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void RequireTensors_PackageWhoseManifestSplitsElsewhere_IsRefused(int splitLayer)
    {
        using var source = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        var folder = _builder.PathTo("package");
        OpscPackage.Write(source, new OpscQuantization(1, new WeightFormat(4), new WeightFormat(4)), folder);
        var configPath = Path.Combine(folder, Checkpoint.ConfigFileName);
        var config = JsonNode.Parse(File.ReadAllText(configPath))!;
        config["quantization_config"]!["split_layer"] = splitLayer;
        File.WriteAllText(configPath, config.ToJsonString());
        using var package = Checkpoint.Open(folder, new CheckpointOpenOptions { VerifyChecksums = false });
        CheckpointAssert.Refuses(package.RequireTensors, "split", "layers", "splitactors quantize");
    }

    private void Change(string name, Func<SyntheticTensor, SyntheticTensor> change) => _builder.Replace(candidate => candidate == name, change);

    private void Refuses(params string[] texts)
    {
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        CheckpointAssert.Refuses(checkpoint.RequireTensors, texts);
    }
}
