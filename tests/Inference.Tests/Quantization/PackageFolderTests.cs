using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Checkpoints;
using SplitActors.Inference.Tests.Models;

namespace SplitActors.Inference.Tests.Quantization;

/// <summary>A package is complete or not there.</summary>
public sealed class PackageFolderTests : IDisposable
{
    private static readonly OpscQuantization Split = new(1, new WeightFormat(4), new WeightFormat(8));

    private readonly PackageWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Write_Progress_CountsUpToTheWhole()
    {
        var reports = new List<PackageProgress>();
        Write(_world.NewPath(), new Reports(reports.Add));
        Assert.Equal(reports.OrderBy(report => report.BytesDone).ThenBy(report => report.TensorsDone), reports);
        var last = reports[^1];
        Assert.Equal((21, 21, last.BytesTotal), (last.TensorsDone, last.TensorCount, last.BytesDone)); // 9 a layer, embedding, norm, head
    }

    [Fact]
    public void Write_StoppedOnTheWay_LeavesNothing()
    {
        var stop = new Reports(report =>
        {
            if (report.TensorsDone == 7)
                throw new OperationCanceledException();
        });
        Assert.Throws<OperationCanceledException>(() => Write(_world.NewPath(), stop));
        Assert.Empty(_world.Entries);
    }

    [Fact]
    public void Write_WeightNotFinite_LeavesNothing()
    {
        using var damaged = SyntheticModel.Build(builder => builder.Replace(name => name == "lm_head.weight", SyntheticModel.AsNaN));
        using var source = _world.Open(damaged);
        CheckpointAssert.Refuses(() => OpscPackage.Write(source, Split, _world.NewPath()), "lm_head.weight", "NaN");
        Assert.Empty(_world.Entries);
    }

    [Fact]
    public void Write_EmptyFolder_IsTaken()
    {
        var path = _world.NewPath();
        Directory.CreateDirectory(path);
        Write(path + Path.DirectorySeparatorChar);
        Assert.Equal(path, Assert.Single(_world.Entries));
    }

    [Fact]
    public void Write_LinkToAnEmptyFolder_FillsTheFolder()
    {
        var (target, link) = (_world.NewPath(), _world.NewPath());
        Directory.CreateDirectory(target);
        Directory.CreateSymbolicLink(link, target);
        Write(link);
        Assert.Equal(target, Directory.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName);
        Assert.True(File.Exists(Path.Combine(target, OpscPackage.FrontFileName)));
        Assert.Equal(2, _world.Entries.Count());
    }

    [Fact]
    public void Write_FolderWithFiles_IsRefusedAndKept()
    {
        var path = _world.NewPath();
        Directory.CreateDirectory(path);
        var file = Path.Combine(path, "notes.txt");
        File.WriteAllText(file, "mine");
        RefusesOutput(path, "a new or an empty folder", "files in it");
        Assert.Equal(file, Assert.Single(Directory.GetFiles(path)));
        Assert.Equal(path, Assert.Single(_world.Entries));
    }

    [Fact]
    public void Write_File_IsRefused()
    {
        var path = _world.NewPath();
        File.WriteAllText(path, "mine");
        RefusesOutput(path, "found a file");
        RefusesOutput(Path.Combine(path, "below"), "a place to write to");
    }

    [Fact]
    public void Write_OfAPackage_IsRefused()
    {
        using var package = _world.OpenPackage(_world.Untied, Split);
        CheckpointAssert.Refuses(() => OpscPackage.Write(package, Split, _world.NewPath()), package.Folder, "int4", "int8");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void Write_SplitOutsideOfTheModel_Throws(int splitLayer)
    {
        using var source = _world.Open(_world.Untied);
        Assert.Throws<ArgumentOutOfRangeException>(() => OpscPackage.Write(source, Split with { SplitLayer = splitLayer }, _world.NewPath()));
    }

    private void Write(string path, IProgress<PackageProgress>? progress = null)
    {
        using var source = _world.Open(_world.Untied);
        OpscPackage.Write(source, Split, path, progress);
    }

    private void RefusesOutput(string path, params string[] texts)
    {
        var error = Assert.Throws<UserErrorException>(() => Write(path));
        Assert.Equal(UserErrorKind.Output, error.Kind);
        Assert.All(texts, text => Assert.Contains(text, error.Message, StringComparison.Ordinal));
    }

    private sealed class Reports(Action<PackageProgress> report) : IProgress<PackageProgress>
    {
        public void Report(PackageProgress value) => report(value);
    }
}
