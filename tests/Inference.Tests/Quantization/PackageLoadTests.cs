using System.Text.Json.Nodes;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Checkpoints;
using SplitActors.Inference.Tests.Models;
using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Quantization;

/// <summary>Segments of a package are mapped, and damage to one is found by the checksum of its tensor.</summary>
public sealed class PackageLoadTests : IDisposable
{
    private const string UpProjection = "model.layers.0.mlp.up_proj.weight";

    private static readonly OpscQuantization Split = new(1, new WeightFormat(4), new WeightFormat(8));

    private readonly PackageWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public unsafe void Load_EveryMatrix_TakesNoMemoryOfItsOwn()
    {
        using var package = _world.OpenPackage(_world.Untied, Split);
        var weights = new CheckpointWeights(package, format: null);
        foreach (var tensor in ModelTensors.Of(package.Config).Where(tensor => tensor.IsMatrix))
        {
            var matrix = weights.Matrix(tensor.Name, tensor.RowCount, tensor.ColumnCount);
            Assert.Equal((nint)package.GetTensor(tensor.Name).Pointer, (nint)matrix.Weights);
        }
    }

    [Fact]
    public void Load_Package_ComputesWhatItsSourceDoesQuantizedAtLoad()
    {
        using var source = _world.Open(_world.Untied);
        using var package = _world.OpenPackage(_world.Untied, Split);
        var (front, back) = (LayerRange.Front(1), LayerRange.Back(1, 2));
        Assert.Equal(
            SyntheticModel.Run(Segment.Load(source, front, Split.Front), Segment.Load(source, back, Split.Back)),
            SyntheticModel.Run(Segment.Load(package, front), Segment.Load(package, back)));
    }

    [Theory]
    [InlineData(OpscPackage.BackFileName)]
    [InlineData(OpscPackage.FrontFileName)]
    public void Load_OnePartAlone_ReadsHalf(string missing)
    {
        using var whole = _world.OpenPackage(_world.Untied, Split with { Back = Split.Front });
        var headBytes = new TileLayout(whole.Config.VocabularySize, whole.Config.HiddenSize, Split.Front).ByteCount;
        var layerBytes = Segment.Load(whole, whole.AllLayers()).BytesPerToken - headBytes;
        File.Delete(Path.Combine(whole.Folder, missing));

        using var part = Checkpoint.Open(whole.Folder, new CheckpointOpenOptions { RequireAllShards = false });
        var isFront = missing == OpscPackage.BackFileName;
        var segment = Segment.Load(part, isFront ? LayerRange.Front(1) : LayerRange.Back(1, 2));
        Assert.Equal((layerBytes / 2) + (isFront ? 0 : headBytes), segment.BytesPerToken);
        CheckpointAssert.Refuses(() => Segment.Load(part, part.AllLayers()), missing, "found nothing");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Load_BitFlipped_NamesTheTensor(int byteIndex)
    {
        var folder = WriteDamaged(byteIndex);
        using var damaged = Checkpoint.Open(folder);
        CheckpointAssert.Refuses(
            () => Segment.Load(damaged, damaged.AllLayers()), OpscPackage.FrontFileName, $"tensor '{UpProjection}'", "CRC-32C", "download the file again");
        CheckpointAssert.Refuses(() => damaged.GetTensor(UpProjection), "CRC-32C");
        Assert.NotNull(Segment.Load(damaged, LayerRange.Back(1, 2)));
    }

    [Fact]
    public void Load_BitFlippedAndNotVerified_IsTaken()
    {
        using var damaged = Checkpoint.Open(WriteDamaged(-1), new CheckpointOpenOptions { VerifyChecksums = false });
        Assert.NotEqual(0, damaged.GetTensor(UpProjection).ByteCount);
    }

    [Fact]
    public void VerifyAll_BitFlipped_NamesTheFile()
    {
        using var whole = _world.OpenPackage(_world.Untied, Split);
        Assert.Equal(4, whole.Checksums!.VerifyAll()); // configuration, index, front, back
        using var damaged = Checkpoint.Open(WriteDamaged(-1));
        CheckpointAssert.Refuses(() => damaged.Checksums!.VerifyAll(), OpscPackage.FrontFileName, "SHA-256");
    }

    [Theory]
    [InlineData("\"1234\"", "eight hexadecimal digits")]
    [InlineData("\"1234567g\"", "eight hexadecimal digits")]
    [InlineData("7", "a string of valid Unicode")]
    [InlineData("null", "a string of valid Unicode")]
    public void Open_ChecksumMalformed_IsNamed(string checksum, string expected)
    {
        using var package = _world.OpenPackage(_world.Untied, Split);
        File.Delete(Path.Combine(package.Folder, ChecksumFile.FileName));
        var path = Path.Combine(package.Folder, ShardIndex.FileName);
        var index = JsonNode.Parse(File.ReadAllText(path))!;
        index["metadata"]!["crc32c"]![UpProjection] = JsonNode.Parse(checksum);
        File.WriteAllText(path, index.ToJsonString());
        CheckpointAssert.Refuses(() => Checkpoint.Open(package.Folder), ShardIndex.FileName, "crc32c", UpProjection, expected);
    }

    [Fact]
    public void Open_IndexWithoutChecksums_VerifiesTheFile()
    {
        var folder = WriteDamaged(-1);
        var path = Path.Combine(folder, ShardIndex.FileName);
        var index = JsonNode.Parse(File.ReadAllText(path))!;
        index["metadata"]!.AsObject().Remove("crc32c");
        File.WriteAllText(path, index.ToJsonString());
        var sums = Path.Combine(folder, ChecksumFile.FileName);
        File.WriteAllLines(sums, File.ReadLines(sums).Where(line => !line.EndsWith(ShardIndex.FileName, StringComparison.Ordinal)).ToArray());
        using var damaged = Checkpoint.Open(folder);
        CheckpointAssert.Refuses(() => damaged.GetTensor(UpProjection), OpscPackage.FrontFileName, "SHA-256");
    }

    [Fact]
    public void Write_SeveralThreads_WritesTheSameBytes()
    {
        using var model = new CheckpointBuilder();
        model.Config["vocab_size"] = 1000;
        model.AddModelTensors().WriteSingleFile();
        using var source = _world.Open(model);
        using var threads = new ComputeThreads(3);
        var (alone, shared) = (_world.NewPath(), _world.NewPath());
        OpscPackage.Write(source, Split, alone);
        OpscPackage.Write(source, Split, shared, progress: null, threads);
        Assert.All(Directory.GetFiles(alone), file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(shared, Path.GetFileName(file)))));
    }

    /// <summary>A package with one bit of the up projection's data flipped.</summary>
    private string WriteDamaged(int byteIndex)
    {
        using var package = _world.OpenPackage(_world.Untied, Split);
        var info = package.GetInfo(UpProjection);
        var offset = byteIndex < 0 ? info.FileOffset + info.ByteCount + byteIndex : info.FileOffset + byteIndex;
        var bytes = File.ReadAllBytes(info.File);
        bytes[offset] ^= 1;
        File.WriteAllBytes(info.File, bytes);
        return package.Folder;
    }
}
