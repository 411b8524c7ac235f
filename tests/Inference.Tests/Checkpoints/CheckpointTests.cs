using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private const string FirstTensor = "model.embed_tokens.weight";
    private const string LastTensor = "lm_head.weight";

    private readonly CheckpointBuilder _builder = new CheckpointBuilder().AddModelTensors();

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void Open_Quill_HasFiniteTensorsOfTheExpectedShapes()
    {
        using var checkpoint = Checkpoint.Open(Repository.Quill);
        Assert.Equal(74, checkpoint.Tensors.Count()); // embedding, 8 layers of 9, norm
        Assert.Equal(13_910_360, checkpoint.FileBytes);
        Assert.True(checkpoint.Contains("model.norm.weight"));
        Assert.False(checkpoint.Contains(LastTensor)); // tied
        Assert.Equal(704 * 256 * 2, checkpoint.GetTensor("model.layers.7.mlp.up_proj.weight", 704, 256).ByteCount);
        foreach (var tensor in checkpoint.Tensors)
            checkpoint.GetTensor(tensor.Name).EnsureFinite();
    }

    [Theory]
    [InlineData("model.layers.1.input_layernorm.weight")]
    [InlineData("model.layers.1.mlp.down_proj.weight")]
    public void Open_ConfigWithFewerLayersThanTheFiles_IsRefused(string further)
    {
        _builder.Config["num_hidden_layers"] = 1;
        _builder.Tensors.RemoveAll(tensor => tensor.Name.StartsWith("model.layers.1.", StringComparison.Ordinal) && tensor.Name != further);
        CheckpointAssert.RefusesOpen(_builder.WriteSingleFile().Folder, "config.json, num_hidden_layers", further);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Open_Shards_GivesTheSameTensorsAsASingleFile(int shardCount)
    {
        using var checkpoint = Checkpoint.Open(_builder.WriteShards(shardCount).Folder);
        string[] names = [.. _builder.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(names, checkpoint.Tensors.Select(tensor => tensor.Name).ToArray());
        foreach (var tensor in _builder.Tensors)
            Assert.Equal(tensor.Data, checkpoint.GetTensor(tensor.Name, tensor.Shape).Bytes);
    }

    [Fact]
    public void Open_MissingFolder_NamesIt() =>
        CheckpointAssert.RefusesOpen(_builder.PathTo("nowhere"), _builder.PathTo("nowhere"), "no such folder");

    [Fact]
    public void Open_MissingConfig_NamesIt() =>
        CheckpointAssert.RefusesOpen(_builder.WriteSingleFile().Delete("config.json").Folder, "config.json", "found nothing");

    [Fact]
    public void Open_NoWeights_NamesBothForms() =>
        CheckpointAssert.RefusesOpen(_builder.WriteConfig().Folder, "model.safetensors or model.safetensors.index.json", "neither");

    [Fact]
    public void Open_MissingShard_NamesIt()
    {
        _builder.WriteShards(2).Delete("model-00002-of-00002.safetensors");
        CheckpointAssert.RefusesOpen(_builder.Folder, _builder.PathTo("model-00002-of-00002.safetensors"), "no such file");
    }

    [Fact]
    public void Open_SegmentOnly_ReadsWhatIsThere()
    {
        _builder.WriteShards(2).Delete("model-00002-of-00002.safetensors");
        using var checkpoint = Checkpoint.Open(_builder.Folder, new CheckpointOpenOptions { RequireAllShards = false });
        Assert.Equal(48, checkpoint.GetTensor(FirstTensor, 48, 32).RowCount);
        Assert.True(checkpoint.Contains(LastTensor));
        CheckpointAssert.Refuses(() => checkpoint.GetTensor(LastTensor), "model-00002-of-00002.safetensors", "found nothing");
    }

    [Fact]
    public void GetTensor_DamagedShard_IsNoticedOnlyWhereItIsUsed()
    {
        _builder.WriteShards(2).Write("model-00002-of-00002.safetensors", [1, 2, 3]);
        using var checkpoint = Checkpoint.Open(_builder.Folder);
        Assert.Equal(48, checkpoint.GetTensor(FirstTensor).RowCount);
        CheckpointAssert.Refuses(() => checkpoint.GetTensor(LastTensor), "model-00002-of-00002.safetensors", "found 3 bytes");
    }

    [Theory]
    [InlineData("../evil.safetensors")]
    [InlineData("/etc/evil.safetensors")]
    [InlineData("sub/evil.safetensors")]
    [InlineData("..\\evil.safetensors")]
    [InlineData("C:evil.safetensors")]
    [InlineData("config.json")]
    [InlineData("..")]
    [InlineData("")]
    public void Open_IndexNamesAnotherPlace_IsRefused(string file)
    {
        WriteIndex(new JsonObject { ["weight_map"] = new JsonObject { [FirstTensor] = file } });
        CheckpointAssert.RefusesOpen(_builder.Folder, "index.json, weight_map", FirstTensor, $"'{file}'");
    }

    [Theory]
    [InlineData("{}", "weight_map")]
    [InlineData("""{"weight_map":{}}""", "at least one tensor")]
    [InlineData("""{"weight_map":[]}""", "weight_map")]
    [InlineData("""{"weight_map":{"x":1}}""", "weight_map.x")]
    [InlineData("""{"weight_map":{"x\u0000":"a.safetensors"}}""", "control characters")]
    public void Open_MalformedIndex_IsRefused(string json, string text)
    {
        WriteIndex(JsonNode.Parse(json)!);
        CheckpointAssert.RefusesOpen(_builder.Folder, "model.safetensors.index.json", text);
    }

    [Fact]
    public void GetTensor_IndexNamesTheWrongShard_IsRefused()
    {
        var index = JsonNode.Parse(File.ReadAllText(_builder.WriteShards(2).PathTo("model.safetensors.index.json")))!;
        index["weight_map"]![LastTensor] = "model-00001-of-00002.safetensors";
        WriteIndex(index);
        using var checkpoint = Checkpoint.Open(_builder.Folder);
        CheckpointAssert.Refuses(() => checkpoint.GetTensor(FirstTensor), "model-00001-of-00002.safetensors", LastTensor);
    }

    [Fact]
    public void GetTensor_WrongShapeOrName_NamesFileTensorAndShapes()
    {
        using var checkpoint = Checkpoint.Open(_builder.WriteSingleFile().Folder);
        var path = _builder.PathTo("model.safetensors");
        CheckpointAssert.Refuses(() => checkpoint.GetTensor(FirstTensor, 48, 33), path, FirstTensor, "[48, 33]", "[48, 32]");
        CheckpointAssert.Refuses(() => checkpoint.GetTensor("model.nothing", 1, 2), path, "'model.nothing'", "[1, 2]", "no tensor");
    }

    [Fact]
    public void GetTensor_AfterDispose_Throws()
    {
        var checkpoint = Checkpoint.Open(_builder.WriteShards(2).Folder);
        var tensor = checkpoint.GetTensor(FirstTensor);
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.Bytes.Length);
        Assert.Throws<ObjectDisposedException>(() => checkpoint.GetTensor(LastTensor));
    }

    [Fact]
    public void GetTensor_ManyThreads_OpenEachShardOnce()
    {
        _builder.WriteShards(3).WriteChecksums();
        var reports = new List<ChecksumProgress>();
        var options = new CheckpointOpenOptions { Progress = new ReportList(reports) };
        using var checkpoint = Checkpoint.Open(_builder.Folder, options);
        Parallel.ForEach(_builder.Tensors, tensor => checkpoint.GetTensor(tensor.Name, tensor.Shape).EnsureFinite());
        Assert.Equal(3, reports.Count);
        Assert.Equal(3, reports.Select(report => report.File).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void ReadAllBytes_OtherFile_IsReadAndVerified()
    {
        _builder.WriteSingleFile().Write("tokenizer.json", "{}"u8.ToArray()).WriteChecksums();
        using var checkpoint = Checkpoint.Open(_builder.Folder);
        Assert.Equal("{}"u8, checkpoint.ReadAllBytes("tokenizer.json"));
        _builder.Write("tokenizer.json", "[]"u8.ToArray());
        CheckpointAssert.Refuses(() => checkpoint.ReadAllBytes("tokenizer.json"), _builder.PathTo("tokenizer.json"), "SHA-256");
        CheckpointAssert.Refuses(() => checkpoint.ReadAllBytes("vocab.txt"), _builder.PathTo("vocab.txt"), "found nothing");
    }

    private void WriteIndex(JsonNode index) => _builder.WriteConfig().Write("model.safetensors.index.json", index);

    private sealed class ReportList(List<ChecksumProgress> reports) : IProgress<ChecksumProgress>
    {
        public void Report(ChecksumProgress value)
        {
            lock (reports)
                reports.Add(value);
        }
    }
}
