using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class ModelConfigTests : IDisposable
{
    private readonly CheckpointBuilder _builder = new CheckpointBuilder().AddModelTensors();

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void Open_Quill_ReadsEveryField()
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        var config = checkpoint.Config;
        Assert.Equal((4096, 256, 704, 8), (config.VocabularySize, config.HiddenSize, config.IntermediateSize, config.LayerCount));
        Assert.Equal((4, 2, 64, 512), (config.HeadCount, config.KvHeadCount, config.HeadDim, config.ContextLength));
        Assert.Equal((256, 128), (config.QueryWidth, config.KvWidth));
        Assert.Equal((1e-5f, 10_000f), (config.RmsNormEps, config.RopeTheta));
        Assert.Equal((true, "bfloat16"), (config.TieWordEmbeddings, config.TorchDtype));
        Assert.Equal(4094, config.BosTokenId);
        Assert.Equal([4095], config.EosTokenIds.ToArray());
    }

    [Fact]
    public void Read_OptionalFieldsAbsent_HaveDefaults()
    {
        string[] optional = ["num_key_value_heads", "rms_norm_eps", "rope_theta", "tie_word_embeddings", "bos_token_id", "eos_token_id"];
        Assert.All(optional, field => Assert.True(_builder.Config.Remove(field)));
        var config = Read();
        Assert.Equal((4, 8, 1e-6f, 10_000f), (config.KvHeadCount, config.HeadDim, config.RmsNormEps, config.RopeTheta));
        Assert.False(config.TieWordEmbeddings);
        Assert.Null(config.BosTokenId);
        Assert.Empty(config.EosTokenIds);
        Assert.Null(config.TorchDtype);
    }

    [Fact]
    public void Read_EosTokenIds_AreUnitedWithGenerationConfig()
    {
        _builder.Config["eos_token_id"] = new JsonArray(7, 3);
        _builder.Write("generation_config.json", new JsonObject { ["eos_token_id"] = new JsonArray(3, 5) });
        Assert.Equal([3, 5, 7], Read().EosTokenIds.ToArray());
    }

    [Fact]
    public void Read_RopeParameters_GiveTheta()
    {
        _builder.Config.Remove("rope_theta");
        _builder.Config["rope_parameters"] = new JsonObject { ["rope_theta"] = 500000.0, ["rope_type"] = "default" };
        Assert.Equal(500_000f, Read().RopeTheta);

        _builder.Config["rope_theta"] = 10000.0;
        Refuses("rope_parameters.rope_theta", "10000", "500000");
    }

    [Fact]
    public void Read_HeadDim_MayDifferFromHiddenSizeOverHeads()
    {
        _builder.Config["head_dim"] = 10;
        var config = Read();
        Assert.Equal((40, 20), (config.QueryWidth, config.KvWidth));
    }

    [Theory]
    [InlineData("vocab_size", "0", "1 to 16777216")]
    [InlineData("vocab_size", "null", "a whole number from 1 to 16777216, found null")]
    [InlineData("hidden_size", "-32", "-32")]
    [InlineData("hidden_size", "\"32\"", "\"32\"")]
    [InlineData("hidden_size", "32.5", "32.5")]
    [InlineData("hidden_size", "2147483647", "2147483647")]
    [InlineData("intermediate_size", "99999999999999999999", "99999999999999999999")]
    [InlineData("num_hidden_layers", "100000", "4096")]
    [InlineData("num_attention_heads", "6", "divisor of hidden_size (32)")]
    [InlineData("num_key_value_heads", "3", "divisor of num_attention_heads (4)")]
    [InlineData("head_dim", "7", "even")]
    [InlineData("head_dim", "2000000", "2000000")]
    [InlineData("max_position_embeddings", "0", "0")]
    [InlineData("rms_norm_eps", "0", "above 0")]
    [InlineData("rms_norm_eps", "1e999", "finite")]
    [InlineData("rope_theta", "\"big\"", "\"big\"")]
    [InlineData("tie_word_embeddings", "1", "true or false")]
    [InlineData("bos_token_id", "48", "0 to 47")]
    [InlineData("eos_token_id", "[1, 48]", "0 to 47")]
    [InlineData("architectures", "[\"GPT2LMHeadModel\"]", "unsupported architecture 'GPT2LMHeadModel'", "Supported: LlamaForCausalLM")]
    [InlineData("architectures", "null", "array of strings")]
    [InlineData("architectures", "[1]", "a string")]
    [InlineData("model_type", "\"mistral\"", "\"mistral\"")]
    [InlineData("hidden_act", "\"gelu\"", "\"gelu\"")]
    [InlineData("attention_bias", "true", "false")]
    [InlineData("mlp_bias", "true", "false")]
    [InlineData("sliding_window", "4096", "4096")]
    [InlineData("pretraining_tp", "2", "2")]
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8}""", "\"llama3\"")]
    [InlineData("rope_scaling", """{"type":"linear","factor":2}""", "\"linear\"")]
    [InlineData("rope_scaling", """{"factor":2}""", "rope_type")]
    [InlineData("rope_scaling", "2", "a JSON object")]
    [InlineData("rope_parameters", """{"rope_type":"yarn"}""", "\"yarn\"")]
    [InlineData("rope_parameters", """{"partial_rotary_factor":0.5}""", "0.5")]
    [InlineData("partial_rotary_factor", "0.25", "0.25")]
    public void Read_UnusableField_NamesFileAndField(string field, string value, params string[] texts)
    {
        _builder.Config[field] = JsonNode.Parse(value);
        Refuses([$"config.json, {field}", .. texts]);
    }

    [Theory]
    [InlineData("rope_scaling", """{"rope_type":"default"}""")]
    [InlineData("rope_scaling", "null")]
    [InlineData("hidden_act", "null")]
    [InlineData("pretraining_tp", "1")]
    [InlineData("attention_bias", "false")]
    public void Read_HarmlessValue_IsAccepted(string field, string value)
    {
        _builder.Config[field] = JsonNode.Parse(value);
        Assert.Equal(32, Read().HiddenSize);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"vocab_size":1,"vocab_size":2}""")]
    [InlineData("""{"vocab_size":1} x""")]
    public void Read_MalformedJson_NamesTheFile(string json)
    {
        _builder.WriteSingleFile().Write("config.json", System.Text.Encoding.UTF8.GetBytes(json));
        CheckpointAssert.RefusesOpen(_builder.Folder, _builder.PathTo("config.json"), "a JSON object");
    }

    [Fact]
    public void Read_MalformedGenerationConfig_NamesTheFile()
    {
        _builder.Write("generation_config.json", "not JSON"u8.ToArray());
        _builder.WriteSingleFile();
        CheckpointAssert.RefusesOpen(_builder.Folder, _builder.PathTo("generation_config.json"));
    }

    private ModelConfig Read()
    {
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        return checkpoint.Config;
    }

    private void Refuses(params string[] texts) => CheckpointAssert.RefusesOpen(_builder.WriteSingleFile().Folder, texts);
}
