using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Checkpoints;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Quantization;

public sealed class OpscPackageTests : IDisposable
{
    private const string Embedding = "model.embed_tokens.weight";
    private const string Head = "lm_head.weight";
    private const string UpProjection = "model.layers.0.mlp.up_proj.weight";
    private const string LastUpProjection = "model.layers.1.mlp.up_proj.weight";

    private static readonly OpscQuantization Split = new(1, new WeightFormat(4), new WeightFormat(8, 64));

    private readonly PackageWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Write_Split_HoldsTheTilesOfEveryMatrixInItsFile()
    {
        using var source = _world.Open(_world.Untied);
        using var package = _world.OpenPackage(_world.Untied, Split);
        foreach (var tensor in ModelTensors.Of(source.Config).Where(tensor => tensor.IsMatrix))
        {
            var stored = package.GetTensor(tensor.Name);
            var format = tensor.Name is Embedding || tensor.Layer == 0 ? Split.Front : Split.Back;
            var expected = QuantizedMatrix.Quantize(source.GetTensor(tensor.Name), format, new NativeArena());
            var mapped = QuantizedMatrix.FromTensor(stored, expected.Layout);
            Assert.Equal(format, package.FormatOf(tensor.Name));
            Assert.Equal(format == Split.Front ? OpscPackage.FrontFileName : OpscPackage.BackFileName, Path.GetFileName(stored.Info.File));
            Assert.Equal([expected.Layout.TileCount, (int)expected.Layout.TileBytes], stored.Shape.ToArray());
            Assert.Equal(PackageWorld.Bytes(expected), PackageWorld.Bytes(mapped));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Write_16Bits_KeepsTheBytes(int splitLayer)
    {
        using var source = _world.Open(_world.Untied);
        using var package = _world.OpenPackage(_world.Untied, new OpscQuantization(splitLayer, WeightFormat.Unquantized, WeightFormat.Unquantized));
        Assert.Equal(source.Tensors.Select(tensor => tensor.Name), package.Tensors.Select(tensor => tensor.Name), StringComparer.Ordinal);
        Assert.All(source.Tensors, tensor => Assert.Equal(source.GetTensor(tensor.Name).Bytes, package.GetTensor(tensor.Name, [.. tensor.Shape]).Bytes));
    }

    [Fact]
    public void Write_Norms_KeepTheBytes()
    {
        using var source = _world.Open(_world.Untied);
        using var package = _world.OpenPackage(_world.Untied, Split);
        Assert.All(source.Tensors.Where(tensor => tensor.Shape.Length == 1), tensor =>
            Assert.Equal(source.GetTensor(tensor.Name).Bytes, package.GetTensor(tensor.Name, [.. tensor.Shape]).Bytes));
    }

    [Fact]
    public void Write_OddSizes_AlignsEveryMatrix()
    {
        using var odd = new CheckpointBuilder();
        odd.Config["hidden_size"] = 30;
        odd.Config["head_dim"] = 6;
        odd.AddModelTensors().WriteSingleFile();
        using var package = _world.OpenPackage(odd, Split);
        Assert.All(package.Tensors.Where(tensor => tensor.Type == TensorType.U8), tensor => Assert.Equal(0, tensor.FileOffset % 64));
        Assert.Contains(package.Tensors, tensor => tensor.ByteCount % 64 != 0);
    }

    [Fact]
    public void Write_TiedAndSplit_GivesEachPartTheMatrixInItsFormat()
    {
        using var source = _world.Open(_world.Tied);
        using var package = _world.OpenPackage(_world.Tied, Split);
        Assert.Equal((true, false), (source.Config.TieWordEmbeddings, package.Config.TieWordEmbeddings));
        foreach (var (name, format) in new[] { (Embedding, Split.Front), (Head, Split.Back) })
        {
            var expected = QuantizedMatrix.Quantize(source.GetTensor(Embedding), format, new NativeArena());
            Assert.Equal(PackageWorld.Bytes(expected), package.GetTensor(name).Bytes);
        }
    }

    [Theory]
    [InlineData(0, OpscPackage.BackFileName, 8)]
    [InlineData(2, OpscPackage.FrontFileName, 4)]
    public void Write_TiedAndWhole_IsOneFileWithOneMatrix(int splitLayer, string file, int bits)
    {
        using var package = _world.OpenPackage(_world.Tied, Split with { SplitLayer = splitLayer });
        Assert.Equal([file], Directory.GetFiles(package.Folder, "*.safetensors").Select(Path.GetFileName), StringComparer.Ordinal);
        Assert.True(package.Config.TieWordEmbeddings);
        Assert.False(package.Contains(Head));
        Assert.Equal(bits, package.FormatOf(Embedding).Bits);
    }

    [Fact]
    public void Write_SmallFiles_AreCopiedAndListed()
    {
        _world.Untied.Write("generation_config.json", new JsonObject { ["eos_token_id"] = 7 }).Write("tokenizer.json", "{}"u8.ToArray());
        using var package = _world.OpenPackage(_world.Untied, Split);
        Assert.Equal([2, 7], package.Config.EosTokenIds.ToArray());
        string[] expected =
        [
            "SHA256SUMS", "config.json", "generation_config.json", "model-back.safetensors", "model-front.safetensors", "model.safetensors.index.json",
            "tokenizer.json",
        ];
        Assert.Equal(expected, Directory.GetFiles(package.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.All(expected[1..], file => Assert.NotNull(package.Checksums!.DigestOf(file)));
    }

    [Fact]
    public void Open_OnlyTheFront_LoadsItAndHasTheDigestOfTheWhole()
    {
        using var whole = _world.OpenPackage(_world.Tied, Split);
        var digest = ModelDigest.Of(whole);
        File.Delete(Path.Combine(whole.Folder, OpscPackage.BackFileName));

        using var front = Checkpoint.Open(whole.Folder, new CheckpointOpenOptions { RequireAllShards = false });
        Assert.Equal(digest, ModelDigest.Of(front));
        Assert.NotEqual(0, front.GetTensor(UpProjection).ByteCount);
        CheckpointAssert.Refuses(() => front.GetTensor(LastUpProjection), OpscPackage.BackFileName);
    }

    [Fact]
    public void Digest_OtherFormatOrSplit_Differs()
    {
        OpscQuantization[] quantizations = [Split, Split with { Front = new(3) }, Split with { Back = new(8) }, Split with { SplitLayer = 2 }];
        var digests = quantizations.Select(quantization =>
        {
            using var package = _world.OpenPackage(_world.Untied, quantization);
            return ModelDigest.Of(package);
        });
        using var source = _world.Open(_world.Untied);
        Assert.Equal(quantizations.Length + 1, digests.Append(ModelDigest.Of(source)).Distinct().Count());
    }

    [Fact]
    public void Digest_WithoutChecksums_CoversTheQuantization()
    {
        var digests = new List<ModelDigest>();
        using var package = _world.OpenPackage(_world.Untied, Split with { Back = Split.Front });
        File.Delete(Path.Combine(package.Folder, ChecksumFile.FileName));
        var configPath = Path.Combine(package.Folder, Checkpoint.ConfigFileName);
        foreach (var splitLayer in new[] { 1, 2 }) // the same tensors
        {
            var config = JsonNode.Parse(File.ReadAllText(configPath))!;
            config[OpscQuantization.FieldName]!["split_layer"] = splitLayer;
            File.WriteAllText(configPath, config.ToJsonString());
            using var changed = Checkpoint.Open(package.Folder);
            digests.Add(ModelDigest.Of(changed));
        }

        Assert.NotEqual(digests[0], digests[1]);
    }

    [Fact]
    public void Write_Twice_GivesTheSameBytes()
    {
        using var first = _world.OpenPackage(_world.Tied, Split);
        using var second = _world.OpenPackage(_world.Tied, Split);
        Assert.All(Directory.GetFiles(first.Folder), file =>
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(second.Folder, Path.GetFileName(file)))));
    }

    [Fact]
    public void Summary_Package_HasTheBytesOfItsParts()
    {
        using var package = _world.OpenPackage(_world.Tied, Split);
        var summary = CheckpointSummary.Of(package);
        Assert.Empty(summary.Splits);
        Assert.Equal(["front", "back"], summary.Parts.Select(part => part.Name), StringComparer.Ordinal);
        Assert.All(summary.Parts, part =>
        {
            Assert.Equal((1, 2L * 16 * 2), (part.LayerCount, part.KvBytesPerToken));
            Assert.Equal(package.Tensors.Where(tensor => Path.GetFileName(tensor.File) == part.FileName).Sum(tensor => tensor.ByteCount), part.WeightBytes);
        });
    }

    [Fact]
    public void Summary_TensorOfOtherSize_NamesBoth()
    {
        using var package = _world.OpenPackage(_world.Untied, Split);
        var configPath = Path.Combine(package.Folder, Checkpoint.ConfigFileName);
        File.WriteAllText(configPath, File.ReadAllText(configPath).Replace("\"bits\": 4", "\"bits\": 3", StringComparison.Ordinal));
        File.Delete(Path.Combine(package.Folder, ChecksumFile.FileName));
        using var changed = Checkpoint.Open(package.Folder);
        CheckpointAssert.Refuses(() => CheckpointSummary.Of(changed), OpscPackage.FrontFileName, Embedding, "int3", "bytes of U8", "quantize");
    }
}
