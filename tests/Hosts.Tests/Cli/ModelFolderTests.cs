using System.Text.Json.Nodes;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>What <c>run</c> refuses, the commands before it refuse too, in the same words; what does no harm is told once.</summary>
public sealed class ModelFolderTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

    private readonly CheckpointBuilder _model = ChainModel.Smiles(contextLength: 64);
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("tokenizer")]
    [InlineData("vocabulary")]
    [InlineData("shape")]
    [InlineData("layers")]
    [InlineData("bias")]
    [InlineData("shard")]
    [InlineData("rope")]
    [InlineData("generation")]
    public async Task Model_Quantize_Calibrate_WhatRunRefuses_RefuseFirst(string fault)
    {
        Damage(fault);
        var refusal = (await SplitActorsProcess.RunAsync("run", "x", "--model", _model.Folder)).Refused(ExitCode.Checkpoint, fault == "vocabulary" ? "tokenizer.json" : _model.Folder);
        foreach (var command in Commands())
            Assert.Equal(refusal.Error, (await SplitActorsProcess.RunAsync(command)).Refused(ExitCode.Checkpoint).Error);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        Assert.False(File.Exists(_model.PathTo("calibration.safetensors")));
    }

    /// <summary>As of a package that was made to measure with.</summary>
    [Fact]
    public async Task Model_NoTokenizer_SaysThatRunRefuses_OthersRefuse()
    {
        _model.Delete("tokenizer.json");
        Assert.Matches("(?m)^tokenizer +none: `run` refuses", (await SplitActorsProcess.RunAsync("model", _model.Folder)).Succeeded().Output);
        foreach (var command in Commands()[1..])
            (await SplitActorsProcess.RunAsync(command)).Refused(ExitCode.Checkpoint, _model.PathTo("tokenizer.json"), "Download");
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Model_Quantize_DamagedCalibration_IsRefused()
    {
        _model.Write("calibration.safetensors", [1, 2, 3]);
        foreach (var command in Commands()[..2])
            (await SplitActorsProcess.RunAsync(command)).Refused(ExitCode.Checkpoint, "calibration.safetensors", "splitactors calibrate");
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Run_WhatDoesNoHarm_IsToldOnce()
    {
        _model.Config["eos_token_id"] = new JsonArray(ChainModel.EndToken, 128_009);
        _model.Add("v_head.weight", "F8_E8M0", [4], new byte[4]).WriteSingleFile();
        _model.Write("generation_config.json", """{"do_sample":true,"top_k":-1,"top_p":0.0}"""u8.ToArray());
        string[] run = ["run", "x", "--model", _model.Folder, "--max-tokens", "4", "--temperature", "0", "--top-k", "1", "--top-p", "0.9"];
        var result = (await SplitActorsProcess.RunAsync(run)).Succeeded();
        Assert.Equal("😀\n", result.Output);
        var warnings = result.Error.Split('\n').Where(line => line.StartsWith("splitactors: ", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, warnings.Count);
        Assert.All(["eos_token_id[1]", "v_head.weight", "top_k", "top_p"], name => Assert.Single(warnings, line => line.Contains(name, StringComparison.Ordinal)));

        Assert.DoesNotContain("splitactors: ", (await SplitActorsProcess.RunAsync([.. run, "--quiet"])).Succeeded().Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_GgufFile_SaysWhatIsRead()
    {
        _folder.Write("m.gguf", "GGUF");
        foreach (var command in new[] { new[] { "run", "x", "--model" }, ["model"], ["plan", "--model"], ["bench", "--model"] })
            (await SplitActorsProcess.RunAsync([.. command, _folder.PathTo("m.gguf")])).Refused(ExitCode.Checkpoint, "m.gguf", "GGUF is not read yet", "Hugging Face folder");
    }

    [Fact]
    public async Task Settings_ByteOrderMark_IsAccepted()
    {
        _folder.Write("run.conf", "\uFEFFsplitactors { max-tokens = 4, temperature = 0 }");
        Assert.Equal("😀\n", (await SplitActorsProcess.RunAsync("run", "x", "--model", _model.Folder, "--config", _folder.PathTo("run.conf"))).Succeeded().Output);
        _folder.Write("board.json", "\uFEFF{ \"name\": \"board\", \"cores\": 2, \"memory_gb_per_second\": 4, \"int8_gmac_per_second\": 20, \"float_gmac_per_second\": 5 }");
        _folder.Write("link.jsonl", "\uFEFF{\"bytes\": 100, \"ms\": 5}\n{\"bytes\": 200, \"ms\": 6}\n");
        (await SplitActorsProcess.RunAsync(
            "plan", "--shape", "quill", "--device-profile", _folder.PathTo("board.json"), "--link", $"measured:{_folder.PathTo("link.jsonl")}", "--json")).Succeeded();
    }

    [Theory]
    [InlineData("run", "x", "--config")]
    [InlineData("plan", "--shape", "quill", "--device-profile")]
    [InlineData("plan", "--accuracy")]
    [InlineData("codec", "inspect")]
    public async Task Settings_GitLfsPointer_IsNamed(params string[] command)
    {
        _folder.Write("file", Pointer);
        (await SplitActorsProcess.RunAsync([.. command, _folder.PathTo("file")])).Refused(ExitCode.Options, _folder.PathTo("file"), "a Git LFS pointer", "git lfs pull");
    }

    [Fact]
    public async Task Link_GitLfsPointer_IsNamed()
    {
        _folder.Write("file", Pointer);
        (await SplitActorsProcess.RunAsync("plan", "--shape", "quill", "--link", $"measured:{_folder.PathTo("file")}")).Refused(ExitCode.Options, "git lfs pull");
    }

    [Fact]
    public async Task Calibrate_GitLfsPointerAsText_IsNamed()
    {
        _folder.Write("file", Pointer);
        (await SplitActorsProcess.RunAsync("calibrate", "--model", _model.Folder, "--text", _folder.PathTo("file"))).Refused(ExitCode.Prompt, _folder.PathTo("file"), "git lfs pull");
    }

    private string[][] Commands() =>
    [
        ["model", _model.Folder],
        ["quantize", "--model", _model.Folder, "--out", _folder.PathTo("package")],
        ["calibrate", "--model", _model.Folder, "--text", Path.Combine(Repository.Quill, "calibration.txt")],
    ];

    private void Damage(string fault)
    {
        switch (fault)
        {
            case "tokenizer":
                var tokenizer = JsonNode.Parse(File.ReadAllText(_model.PathTo("tokenizer.json")))!;
                tokenizer["model"]!["type"] = "Unigram";
                _model.Write("tokenizer.json", tokenizer);
                break;
            case "vocabulary":
                (_model.Config["vocab_size"], _model.Config["bos_token_id"], _model.Config["eos_token_id"]) = (4000, 1, 2);
                foreach (var name in new[] { "model.embed_tokens.weight", "lm_head.weight" })
                    Change(name, tensor => tensor with { Shape = [4000, 32], Data = tensor.Data[..(4000 * 64)] });
                break;
            case "shape":
                Change("model.layers.1.mlp.up_proj.weight", tensor => tensor with { Shape = [32, 64] });
                break;
            case "layers":
                _model.Config["num_hidden_layers"] = 1;
                break;
            case "bias":
                _model.Add("model.layers.0.self_attn.q_proj.bias", "BF16", [32], new byte[64]);
                break;
            case "rope":
                _model.Config["rope_parameters"] = new JsonObject { ["full_attention"] = new JsonObject { ["rope_theta"] = 1e6 } };
                break;
            case "generation":
                _model.Write("generation_config.json", "{"u8.ToArray());
                break;
        }

        if (fault == "shard")
            _model.Delete("model.safetensors").WriteShards(2).Delete("model-00002-of-00002.safetensors");
        else
            _model.WriteSingleFile();
    }

    private void Change(string name, Func<SyntheticTensor, SyntheticTensor> change)
    {
        var index = _model.Tensors.FindIndex(tensor => tensor.Name == name);
        _model.Tensors[index] = change(_model.Tensors[index]);
    }
}
