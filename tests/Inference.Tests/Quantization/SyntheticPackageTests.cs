using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Checkpoints;
using SplitActors.Inference.Tests.Kernels;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Quantization;

public sealed class SyntheticPackageTests : IDisposable
{
    private static readonly ModelConfig Tied = ModelShapes.Parse("quill", "--shape");

    private readonly PackageWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    [InlineData(16)]
    public void Load_Whole_HasTheBitsOfTheModelInMemory(int bits)
    {
        var config = Tied with { TieWordEmbeddings = false };
        var format = WeightFormat.Of(bits, 64);
        var path = _world.NewPath();
        SyntheticPackage.Write(config, new OpscQuantization(3, format, format), path);

        using var package = Checkpoint.Open(path);
        var all = new LayerRange(0, config.LayerCount);
        var (loaded, made) = (Segment.Load(package, all), Segment.Synthesize(config, all, format));
        Assert.Equal(made.ByteCount, loaded.ByteCount);
        BitAssert.Equal(Logits(made), Logits(loaded));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void Load_BitFlipped_NamesTheTensor(int bits)
    {
        const string name = "model.layers.2.mlp.up_proj.weight";
        var format = WeightFormat.Of(bits, 64);
        var path = _world.NewPath();
        SyntheticPackage.Write(Tied, new OpscQuantization(3, format, format), path);
        FlipBit(path, name);

        using var damaged = Checkpoint.Open(path);
        CheckpointAssert.Refuses(() => Segment.Load(damaged, new LayerRange(0, Tied.LayerCount)), OpscPackage.FrontFileName, $"tensor '{name}'", "CRC-32C");
        Assert.NotNull(Segment.Load(damaged, LayerRange.Back(3, Tied.LayerCount)));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(3, false)]
    [InlineData(8, true)]
    public void Write_OfTiedShape_IsTiedWhereOnePartHasBothEnds(int splitLayer, bool isTied)
    {
        var path = _world.NewPath();
        SyntheticPackage.Write(Tied, new OpscQuantization(splitLayer, new WeightFormat(4), new WeightFormat(8)), path);

        using var package = Checkpoint.Open(path);
        Assert.Equal(isTied, package.Config.TieWordEmbeddings);
        Assert.Equal(isTied ? 1 : 2, CheckpointSummary.Of(package).Parts.Length);
        Assert.Equal(package.Config, SyntheticPackage.ConfigFor(Tied, splitLayer) with { TorchDtype = package.Config.TorchDtype, EosTokenIds = package.Config.EosTokenIds });
    }

    /// <summary>By its checksum: it loads as fast as the package of a model, whose files are not hashed either.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void Load_FlippedBit_NamesTheTensor(int bits)
    {
        var (format, path) = (WeightFormat.Of(bits, 32), _world.NewPath());
        SyntheticPackage.Write(Tied, new OpscQuantization(3, format, format), path);
        var file = Path.Combine(path, OpscPackage.BackFileName);
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);

        using var package = Checkpoint.Open(path);
        CheckpointAssert.Refuses(() => Segment.Load(package, LayerRange.Back(3, Tied.LayerCount)), "CRC-32C", OpscPackage.BackFileName);
    }

    [Fact]
    public void Write_CancelledByProgress_LeavesNothing()
    {
        var format = new WeightFormat(4);
        Assert.Throws<OperationCanceledException>(() =>
            SyntheticPackage.Write(Tied, new OpscQuantization(3, format, format), _world.NewPath(), new Cancelling()));
        Assert.Empty(_world.Entries);
    }

    private static void FlipBit(string folder, string tensor)
    {
        using var package = Checkpoint.Open(folder);
        var info = package.GetInfo(tensor);
        var bytes = File.ReadAllBytes(info.File);
        bytes[info.FileOffset + info.ByteCount - 1] ^= 1;
        File.WriteAllBytes(info.File, bytes);
    }

    private static float[] Logits(Segment segment)
    {
        int[] tokens = [1, 7, 4000, 12];
        using var workspace = new Workspace(segment.Config, tokens.Length, ComputeThreads.Single);
        using var cache = segment.CreateCache(tokens.Length);
        var hidden = new float[tokens.Length * segment.Config.HiddenSize];
        var logits = new float[tokens.Length * segment.Config.VocabularySize];
        segment.Embed(tokens, hidden);
        segment.Forward([new SequenceRows(cache, 0, tokens.Length)], hidden, workspace);
        segment.Logits(hidden, logits, workspace);
        return logits;
    }

    private sealed class Cancelling : IProgress<PackageProgress>
    {
        public void Report(PackageProgress value) => throw new OperationCanceledException();
    }
}
