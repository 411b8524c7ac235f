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
    public void Read_WindowThatIsSwitchedOff_IsAccepted()
    {
        _builder.Config["sliding_window"] = 16;
        _builder.Config["use_sliding_window"] = false;
        Assert.Equal(32, Read().HiddenSize);
    }

    [Fact]
    public void Read_ThetaInTheOlderObjectAlone_IsTaken()
    {
        _builder.Config.Remove("rope_theta");
        _builder.Config["rope_scaling"] = new JsonObject { ["rope_theta"] = 500000.0, ["rope_type"] = "default" };
        Assert.Equal(500_000f, Read().RopeTheta);
    }

    /// <summary>Lists of a larger model's tokens, and −1 for none.</summary>
    [Theory]
    [InlineData("eos_token_id", "[1, 48, -1, 128009]", 3, "48", "It ends no text.")]
    [InlineData("eos_token_id", "-1", 1, "-1", "It ends no text.")]
    [InlineData("eos_token_id", "\"</s>\"", 1, "It ends no text.")]
    [InlineData("bos_token_id", "48", 1, "48", "No token begins a text.")]
    [InlineData("bos_token_id", "-1", 1, "-1", "No token begins a text.")]
    public void Read_TokenThatTheModelLacks_IsToldAndIgnored(string field, string value, int warningCount, params string[] texts)
    {
        _builder.Config[field] = JsonNode.Parse(value);
        var warnings = new List<string>();
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder, new CheckpointOpenOptions { Warn = warnings.Add });

        Assert.Equal(field == "bos_token_id" ? null : 1, checkpoint.Config.BosTokenId);
        Assert.Equal(field == "bos_token_id" ? [2] : value.StartsWith('[') ? [1] : [], checkpoint.Config.EosTokenIds.ToArray());
        Assert.Equal(warningCount, warnings.Count);
        Assert.All([$"config.json, {field}", "0 to 47", .. texts], text => Assert.Contains(text, warnings[0], StringComparison.Ordinal));
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
    [InlineData("rope_parameters", """{"full_attention":{"rope_type":"default","rope_theta":1000000}}""", "rope_parameters.full_attention")]
    [InlineData("rope_parameters", """{"rope_type":"default","sliding_attention":{}}""", "rope_parameters.sliding_attention")]
    [InlineData("rope_scaling", """{"rope_type":"default","mrope_section":[16,24,24]}""", "rope_scaling.mrope_section")]
    [InlineData("rope_scaling", """{"rope_type":"default","rope_theta":500000}""", "rope_scaling.rope_theta", "10000", "500000")]
    [InlineData("rope_local_base_freq", "1000", "10000")]
    [InlineData("hidden_activation", "\"gelu_pytorch_tanh\"", "gelu_pytorch_tanh")]
    [InlineData("layer_types", """["full_attention","sliding_attention"]""", "layer_types[1]", "sliding_attention")]
    [InlineData("no_rope_layers", "[1,0]", "no_rope_layers[1]")]
    [InlineData("qkv_bias", "true", "false")]
    [InlineData("use_qk_norm", "true", "false")]
    [InlineData("rope_interleaved", "true", "false")]
    [InlineData("use_bidirectional_attention", "true", "false")]
    [InlineData("embedding_multiplier", "12", "expected 1, found 12")]
    [InlineData("residual_multiplier", "0.22", "expected 1, found 0.22")]
    [InlineData("logits_scaling", "8", "expected 1, found 8")]
    [InlineData("attention_multiplier", "1", "expected 0.3535")]
    [InlineData("query_pre_attn_scalar", "256", "expected 8, found 256")]
    [InlineData("attn_logit_softcapping", "50.0", "expected 0, found 50.0")]
    [InlineData("final_logit_softcapping", "30.0", "expected 0, found 30.0")]
    [InlineData("logit_scale", "\"big\"", "expected 1, found \"big\"")]
    [InlineData("num_local_experts", "8", "expected 0 or 1, found 8")]
    [InlineData("clip_qkv", "8", "null")]
    [InlineData("compression_config", """{"format":"pack-quantized"}""", "null")]
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
    [InlineData("hidden_act", "\"swish\"")]
    [InlineData("layer_types", """["full_attention","full_attention"]""")]
    [InlineData("no_rope_layers", "[1,1]")]
    [InlineData("rope_scaling", """{"type":"linear","factor":1.0}""")]
    [InlineData("rope_parameters", """{"rope_type":"default","rope_theta":10000.0,"factor":null}""")]
    [InlineData("embedding_multiplier", "1.0")]
    [InlineData("attention_multiplier", "0.35355339059327373")]
    [InlineData("query_pre_attn_scalar", "8")]
    [InlineData("final_logit_softcapping", "null")]
    [InlineData("num_experts", "1")]
    [InlineData("clip_qkv", "null")]
    [InlineData("torch_dtype", "16")]
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
