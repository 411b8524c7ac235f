using System.Buffers.Binary;
using System.Text;
using SplitActors.Hosts.Tests.Models;
using SplitActors.Hosts.Tests.Processes;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Cli;

/// <summary>One message, exit code 3, whichever file of a checkpoint is damaged and wherever it is noticed.</summary>
public sealed class DamagedCheckpointTests : IDisposable
{
    private const string Weights = "model.safetensors";
    private const string UpProjection = "model.layers.0.mlp.up_proj.weight"; // of the first layer: on the device in split mode
    private const string LastUpProjection = "model.layers.1.mlp.up_proj.weight"; // on the worker

    private readonly List<CheckpointBuilder> _checkpoints = [];

    public void Dispose() => _checkpoints.ForEach(checkpoint => checkpoint.Dispose());

    [Fact]
    public async Task Run_UndamagedSynthetic_Succeeds()
    {
        (await RunAsync(Small())).Succeeded();
    }

    [Fact]
    public async Task Run_FolderMissing_NamesIt()
    {
        var result = await SplitActorsProcess.RunAsync("run", "x", "--model", "no/such/folder");

        result.Refused(ExitCode.Checkpoint, "no/such/folder", "a checkpoint folder", "Correct the path");
    }

    [Fact]
    public async Task Run_FolderIsFile_NamesIt()
    {
        var file = Path.Combine(Repository.Quill, "config.json");

        (await SplitActorsProcess.RunAsync("run", "x", "--model", file)).Refused(ExitCode.Checkpoint, file, "a checkpoint folder");
    }

    [Fact]
    public async Task Run_FolderEmpty_NamesMissingFile()
    {
        var empty = Keep(new CheckpointBuilder());

        (await RunAsync(empty)).Refused(ExitCode.Checkpoint, empty.PathTo("config.json"), "Download");
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData(Weights)]
    public async Task Run_FileMissing_NamesIt(string file)
    {
        var checkpoint = Small().Delete(file);

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.Folder, file, "Download");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(1000)]
    [InlineData(50_000)]
    public async Task Run_WeightsTruncated_NamesFile(int byteCount)
    {
        var checkpoint = Small();
        checkpoint.Write(Weights, File.ReadAllBytes(checkpoint.PathTo(Weights))[..byteCount]);

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(Weights), "download it again");
    }

    [Fact]
    public async Task Run_WeightsEmpty_NamesFile()
    {
        var checkpoint = Small().Write(Weights, []);

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(Weights));
    }

    [Theory]
    [InlineData(Weights, -1_000_000)]
    [InlineData(Weights, 3_000_000)]
    [InlineData("config.json", 40)]
    [InlineData("tokenizer.json", 60_000)]
    public async Task Run_BitFlipped_IsFoundByChecksums(string file, int byteIndex)
    {
        var checkpoint = Keep(Quill.Copy()).FlipBit(file, byteIndex, bit: 2);

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(file), "SHA-256", "SHA256SUMS", "download the file again");
    }

    [Theory]
    [InlineData(0)] // length of the header
    [InlineData(20)]
    [InlineData(3)]
    [InlineData(8)] // its first brace
    [InlineData(60)]
    public async Task Run_HeaderBitFlippedWithoutChecksums_IsFound(int byteIndex)
    {
        var checkpoint = Keep(Quill.Copy()).Delete("SHA256SUMS").FlipBit(Weights, byteIndex, bit: 4);

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(Weights));
    }

    [Theory]
    [InlineData(UpProjection, "split")]
    [InlineData(LastUpProjection, "split")]
    [InlineData(UpProjection, "cloud")]
    [InlineData(UpProjection, "device")]
    [InlineData("model.embed_tokens.weight", "split")]
    [InlineData("lm_head.weight", "split")]
    public async Task Run_WeightNotANumber_NamesTensorAndElement(string tensor, string mode)
    {
        var checkpoint = Small(builder => Change(builder, tensor, old =>
        {
            var data = old.Data.ToArray();
            BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(2 * 5), 0x7FC0); // NaN in BF16
            return old with { Data = data };
        }));

        (await RunAsync(checkpoint, "--mode", mode))
            .Refused(ExitCode.Checkpoint, checkpoint.PathTo(Weights), tensor, "element 5", "a finite number", "NaN");
    }

    [Theory]
    [InlineData(UpProjection)]
    [InlineData(LastUpProjection)]
    public async Task Run_WrongType_NamesTensorAndType(string tensor)
    {
        var checkpoint = Small(builder => Change(builder, tensor, old => old with { Type = "I16" }));

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(Weights), tensor, "BF16", "I16");
    }

    [Theory]
    [InlineData(UpProjection)]
    [InlineData(LastUpProjection)]
    public async Task Run_WrongShape_NamesBothShapes(string tensor)
    {
        var checkpoint = Small(builder => Change(builder, tensor, old => old with { Shape = [old.Shape[1], old.Shape[0]] }));

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(Weights), tensor, "[64, 32]", "[32, 64]");
    }

    [Theory]
    [InlineData(UpProjection)]
    [InlineData(LastUpProjection)]
    public async Task Run_TensorMissing_NamesIt(string tensor)
    {
        var checkpoint = Small(builder => builder.Tensors.RemoveAll(candidate => candidate.Name == tensor));

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(Weights), tensor);
    }

    [Fact]
    public async Task Run_UnknownArchitecture_NamesBoth()
    {
        var checkpoint = Small(builder => builder.Config["architectures"] = new System.Text.Json.Nodes.JsonArray("MambaForCausalLM"));

        (await RunAsync(checkpoint))
            .Refused(ExitCode.Checkpoint, checkpoint.PathTo("config.json"), "architectures", "LlamaForCausalLM", "MambaForCausalLM");
    }

    [Theory]
    [InlineData("config.json", "{ \"architectures\": [")]
    [InlineData("config.json", "[]")]
    [InlineData("config.json", "")]
    [InlineData("tokenizer.json", "{ \"model\": ")]
    [InlineData("tokenizer.json", "{}")]
    [InlineData("generation_config.json", "{ \"do_sample\": tru }")]
    public async Task Run_MalformedJson_NamesFile(string file, string json)
    {
        var checkpoint = Small().Write(file, Encoding.UTF8.GetBytes(json));

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(file));
    }

    [Theory]
    [InlineData("hidden_size", -1)]
    [InlineData("num_attention_heads", 0)]
    [InlineData("vocab_size", 1_000_000_000)]
    public async Task Run_WrongNumberInConfig_NamesField(string field, int value)
    {
        var checkpoint = Small();
        checkpoint.Config[field] = value;
        checkpoint.WriteConfig();

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint);
    }

    [Fact]
    public async Task Run_TokenizerOfAnotherModel_Refuses()
    {
        var checkpoint = Keep(new CheckpointBuilder()).AddModelTensors().WriteSingleFile(); // 48 tokens
        checkpoint.Write("tokenizer.json", File.ReadAllBytes(Path.Combine(Repository.Quill, "tokenizer.json")));

        (await RunAsync(checkpoint)).Refused(ExitCode.Checkpoint, "tokenizer.json", "below the model's 48");
    }

    [Fact]
    public async Task Model_Damaged_Refuses()
    {
        var checkpoint = Small().Write(Weights, [1, 2, 3]);

        (await SplitActorsProcess.RunAsync("model", checkpoint.Folder)).Refused(ExitCode.Checkpoint, checkpoint.PathTo(Weights));
    }

    private static void Change(CheckpointBuilder builder, string tensor, Func<SyntheticTensor, SyntheticTensor> change)
    {
        var index = builder.Tensors.FindIndex(candidate => candidate.Name == tensor);
        builder.Tensors[index] = change(builder.Tensors[index]);
    }

    private static Task<ProcessResult> RunAsync(CheckpointBuilder checkpoint, params string[] options) =>
        SplitActorsProcess.RunAsync(["run", "x", "--max-tokens", "2", "--model", checkpoint.Folder, .. options]);

    /// <summary>Two layers without checksums; <paramref name="change"/> is applied before they are written.</summary>
    private CheckpointBuilder Small(Action<CheckpointBuilder>? change = null)
    {
        var builder = Keep(ChainModel.Smiles(contextLength: 64));
        change?.Invoke(builder);
        return builder.WriteSingleFile();
    }

    private CheckpointBuilder Keep(CheckpointBuilder checkpoint)
    {
        _checkpoints.Add(checkpoint);
        return checkpoint;
    }
}
