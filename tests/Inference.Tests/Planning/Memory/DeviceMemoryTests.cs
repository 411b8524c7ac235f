using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Tests.Models;
using SplitActors.Inference.Threading;

using Property = SplitActors.Inference.Tests.Compression.Property;

namespace SplitActors.Inference.Tests.Planning.Memory;

public sealed class DeviceMemoryTests
{
    private const int CaseCount = 200;

    private static readonly Gen<Case> Cases =
        from config in Shapes.Models
        from split in Gen.Choose(0, config.LayerCount)
        from frontWeights in Shapes.Weights
        from backWeights in Shapes.Weights
        from frontKv in Shapes.KeyValues
        from backKv in Shapes.KeyValues
        from share in Gen.Elements(DeviceShare.Front, DeviceShare.WholeModel)
        from tokenCount in Gen.Choose(1, 100)
        select new Case(
            config with { ContextLength = 100 },
            new SplitChoice(split, frontWeights, backWeights, frontKv, backKv),
            new DeviceLoad { Share = share, TokenCountMax = tokenCount, ChunkRows = 8, ThreadCount = 2, ReplayBytesPerToken = 300 });

    /// <summary>Segments with their caches full.</summary>
    [Fact]
    public void Of_AnyChoice_IsWhatSegmentsAndCachesHold() => Property.Holds(CaseCount, Cases, given =>
    {
        var (config, choice, load) = (given.Config, given.Choice, given.Load);
        var found = DeviceMemory.Of(config, choice, load);
        var front = choice.SplitLayer > 0 ? Segment.Synthesize(config, LayerRange.Front(choice.SplitLayer), choice.FrontWeights) : null;
        var holdsBack = load.Share == DeviceShare.WholeModel && choice.SplitLayer > 0 && choice.SplitLayer < config.LayerCount;
        var back = holdsBack ? Segment.Synthesize(config, LayerRange.Back(choice.SplitLayer, config.LayerCount), choice.BackWeights) : null;
        var needsKernels = (front is not null && choice.FrontWeights.Bits < 8) || (holdsBack && choice.BackWeights.Bits < 8);
        Assert.Equal(front?.ByteCount ?? 0, found.FrontWeights.MatrixBytes);
        Assert.Equal(back?.ByteCount ?? 0, found.BackWeights.MatrixBytes);
        Assert.Equal(FullCacheBytes(front, choice.FrontKv, load.TokenCountMax) + FullCacheBytes(back, choice.BackKv, load.TokenCountMax), found.KvBytes);
        Assert.Equal(
            found.FrontWeights.ByteCount + found.BackWeights.ByteCount + found.KvBytes + found.Workspace.ByteCount + found.ActivationBytes + found.ReplayBytes
                + load.RuntimeBytes + (needsKernels ? 2_000_000 : 0),
            found.ByteCount);
    });

    [Fact]
    public void Of_NoLayers_IsTheProcessAlone()
    {
        var choice = new SplitChoice(0, new(4), new(4), KvFormat.Int8, KvFormat.Int8);
        Assert.Equal(7, DeviceMemory.Of(Quill.Config, choice, Load with { Share = DeviceShare.WholeModel, RuntimeBytes = 7 }).ByteCount);
    }

    /// <summary>A device alone sends no frames that it would keep, and has logits.</summary>
    [Fact]
    public void Of_AllLayers_HasLogitsAndNoFrames()
    {
        var choice = new SplitChoice(Quill.Config.LayerCount, new(4), new(4), KvFormat.Int8, KvFormat.Int8);
        var (split, whole) = (DeviceMemory.Of(Quill.Config, choice with { SplitLayer = 7 }, Load), DeviceMemory.Of(Quill.Config, choice, Load));
        Assert.Equal((100 * 300, 0), (split.ReplayBytes, whole.ReplayBytes));
        Assert.Equal(sizeof(float) * Quill.Config.VocabularySize, whole.ActivationBytes - split.ActivationBytes);
    }

    [Fact]
    public void Of_MoreTokensThanTheContext_TakesTheContext()
    {
        var choice = new SplitChoice(4, new(4), new(4), KvFormat.Int8, KvFormat.Int8);
        var (context, more) = (Load with { TokenCountMax = Quill.Config.ContextLength }, Load with { TokenCountMax = 100_000 });
        Assert.Equal(DeviceMemory.Of(Quill.Config, choice, context), DeviceMemory.Of(Quill.Config, choice, more));
    }

    private static DeviceLoad Load { get; } = new() { TokenCountMax = 100, ChunkRows = 8, ThreadCount = 2, ReplayBytesPerToken = 300 };

    private static long FullCacheBytes(Segment? segment, KvFormat format, int tokenCount)
    {
        if (segment is null)
            return 0;
        using var cache = segment.CreateCache(tokenCount, format);
        using var workspace = new Workspace(segment.Config, tokenCount, ComputeThreads.Single);
        segment.Forward([new SequenceRows(cache, 0, tokenCount)], new float[tokenCount * segment.Config.HiddenSize], workspace);
        return cache.ByteCount;
    }

    private sealed record Case(ModelConfig Config, SplitChoice Choice, DeviceLoad Load);
}
