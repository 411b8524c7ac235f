using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Models;

/// <summary>Calls that cannot be right are refused before anything changes.</summary>
public sealed class SegmentMisuseTests
{
    private static int Width => Quill.Config.HiddenSize;

    [Fact]
    public void Embed_OfABack_IsRefused()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Quill.Back(5).Embed([1], new float[Width]));
        Assert.Contains("layers 6–8 has no embedding", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Logits_OfAFront_IsRefused()
    {
        var error = Assert.Throws<InvalidOperationException>(
            () => Quill.Front(5).Logits(new float[Width], new float[Quill.Config.VocabularySize], new Workspace(Quill.Config, 1, ComputeThreads.Single)));
        Assert.Contains("layers 1–5 has no head", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4096)]
    [InlineData(int.MaxValue)]
    public void Embed_TokenOutsideOfTheVocabulary_IsRefused(int token) =>
        Assert.ThrowsAny<ArgumentException>(() => Quill.Whole.Embed([token], new float[Width]));

    [Fact]
    public void Embed_TooSmallHidden_IsRefused() =>
        Assert.ThrowsAny<ArgumentException>(() => Quill.Whole.Embed([1, 2], new float[(2 * Width) - 1]));

    [Theory]
    [InlineData(5, 5)]  // more rows than the workspace has room for
    [InlineData(4, 3)]  // hidden of fewer rows
    [InlineData(3, 4)]  // hidden of more rows
    [InlineData(-1, 0)]
    public void Forward_WrongSizes_AreRefusedAndTheCacheStays(int rowCount, int hiddenRows)
    {
        var cache = Quill.Whole.CreateCache(64);
        Assert.ThrowsAny<ArgumentException>(() =>
            Quill.Whole.Forward([new SequenceRows(cache, 0, rowCount)], new float[hiddenRows * Width], new Workspace(Quill.Config, 4, ComputeThreads.Single)));
        Assert.Equal(0, cache.TokenCount);
    }

    [Fact]
    public void Forward_CacheOfAnotherSegment_IsRefused()
    {
        var cache = Quill.Whole.CreateCache(64);
        var error = Assert.Throws<ArgumentException>(
            () => Quill.Back(5).Forward([new SequenceRows(cache, 0, 1)], new float[Width], new Workspace(Quill.Config, 4, ComputeThreads.Single)));
        Assert.Contains("8 layers for a segment of 3", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A cache must never count tokens whose keys and values were not computed: the next step would attend to them.</summary>
    [Fact]
    public void Forward_OneSequenceOfTheBatchHasAGap_NoCacheCountsItsTokens()
    {
        var workspace = new Workspace(Quill.Config, 8, ComputeThreads.Single);
        var (first, second) = (Quill.Whole.CreateCache(64), Quill.Whole.CreateCache(64));
        Quill.Whole.Forward([new SequenceRows(first, 0, 2)], new float[2 * Width], workspace);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Quill.Whole.Forward([new SequenceRows(first, 2, 3), new SequenceRows(second, 1, 1)], new float[4 * Width], workspace));
        Assert.Equal((2, 0), (first.TokenCount, second.TokenCount));
    }

    [Fact]
    public void Forward_DisposedCache_CountsNoTokenOfTheOthers()
    {
        using var cache = Quill.Whole.CreateCache(8);
        var disposed = Quill.Whole.CreateCache(8);
        disposed.Dispose();
        Assert.Throws<ObjectDisposedException>(() =>
            Quill.Whole.Forward([new SequenceRows(cache, 0, 2), new SequenceRows(disposed, 0, 1)], new float[3 * Width], new Workspace(Quill.Config, 4, ComputeThreads.Single)));
        Assert.Equal((0, 0L), (cache.TokenCount, cache.ByteCount));
    }

    /// <summary>Its memory is freed, and was once written to.</summary>
    [Fact]
    public void Forward_DisposedWorkspace_Throws()
    {
        using var cache = Quill.Whole.CreateCache(8);
        var workspace = new Workspace(Quill.Config, 4, ComputeThreads.Single);
        workspace.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Quill.Whole.Forward([new SequenceRows(cache, 0, 1)], new float[Width], workspace));
        Assert.Throws<ObjectDisposedException>(() => Quill.Whole.Logits(new float[Width], new float[Quill.Config.VocabularySize], workspace));
        Assert.Equal(0, cache.TokenCount);
    }

    /// <summary>Rows that are taken back make no room for others.</summary>
    [Fact]
    public void Forward_NegativeCountBesideTooMany_IsRefused()
    {
        using var cache = Quill.Whole.CreateCache(8);
        using var workspace = new Workspace(Quill.Config, 4, ComputeThreads.Single);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Quill.Whole.Forward([new SequenceRows(cache, 0, 1 << 20), new SequenceRows(cache, 0, 2 - (1 << 20))], new float[2 * Width], workspace));
    }

    /// <summary>The pass fails on any of its threads.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void Forward_DisposedPackage_Throws(int bits)
    {
        using var world = new PackageWorld();
        var (path, format) = (world.NewPath(), WeightFormat.Of(bits, 32));
        SyntheticPackage.Write(Quill.Config, new OpscQuantization(4, format, format), path);
        var package = Checkpoint.Open(path);
        var segment = Segment.Load(package, LayerRange.Front(4));
        package.Dispose();
        using var threads = new ComputeThreads(2);
        using var workspace = new Workspace(Quill.Config, 4, threads);
        Assert.Throws<ObjectDisposedException>(() => segment.Forward([new SequenceRows(segment.CreateCache(8), 0, 1)], new float[Width], workspace));
        Assert.Throws<ObjectDisposedException>(() => segment.ReadWeights(threads));
    }

    [Fact]
    public void Forward_EmptyBatch_DoesNothing() => Quill.Whole.Forward([], [], new Workspace(Quill.Config, 1, ComputeThreads.Single));

    [Theory]
    [InlineData(2, 2 * 4096 - 1)]
    [InlineData(2, 4096)]
    [InlineData(5, 5 * 4096)] // more rows than the workspace has room for
    public void Logits_WrongSizes_AreRefused(int rowCount, int logitCount) =>
        Assert.ThrowsAny<ArgumentException>(
            () => Quill.Whole.Logits(new float[rowCount * Width], new float[logitCount], new Workspace(Quill.Config, 4, ComputeThreads.Single)));

    [Fact]
    public void Logits_PartOfARow_IsRefused() =>
        Assert.ThrowsAny<ArgumentException>(
            () => Quill.Whole.Logits(new float[Width + 1], new float[4096], new Workspace(Quill.Config, 4, ComputeThreads.Single)));

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void Workspace_WithoutRows_IsRefused(int rowCountMax) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Workspace(Quill.Config, rowCountMax, ComputeThreads.Single));

    [Fact]
    public void CreateCache_MoreThanTheContext_IsTheContext() =>
        Assert.Equal(Quill.Config.ContextLength, Quill.Whole.CreateCache(100_000).TokenCountMax);
}
