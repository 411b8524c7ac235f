using System.Reflection;
using FsCheck;
using FsCheck.Fluent;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Memory;
using SplitActors.Inference.Models;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

using Property = SplitActors.Inference.Tests.Compression.Property;

namespace SplitActors.Inference.Tests.Planning.Memory;

public sealed class WorkspaceMemoryTests
{
    private const int CaseCount = 200;

    private static readonly Gen<Case> Cases =
        from config in Shapes.Models
        from rows in Gen.Choose(1, 70)
        from threads in Gen.Choose(1, 3)
        select new Case(config, rows, threads);

    [Fact]
    public void Of_AnyShape_IsWhatAWorkspaceAllocates() => Property.Holds(CaseCount, Cases, given =>
    {
        using var threads = new ComputeThreads(given.Threads);
        using var workspace = new Workspace(given.Config, given.Rows, threads);
        var found = WorkspaceMemory.Of(given.Config, given.Rows, given.Threads, given.Config.ContextLength);
        Assert.Equal(BuffersOf(workspace).Sum(buffer => buffer.ByteCount), found.RowBytes);
        if (given.Config.ContextLength <= 4096)
            Assert.Equal(AttentionBytesOf(workspace), found.AttentionBytes);
    });

    /// <summary>Beyond the first positions a workspace grows by doubling while a sequence does.</summary>
    [Fact]
    public void Of_LongContext_IsWhatAWorkspaceGrowsTo()
    {
        var config = Shapes.Models.Sample(1, 1).Single() with { LayerCount = 1, ContextLength = 20_000, HeadDim = 2, KvHeadCount = 1, HeadCount = 2 };
        var segment = Segment.Synthesize(config, LayerRange.Front(1), new WeightFormat(4));
        using var workspace = new Workspace(config, 500, ComputeThreads.Single);
        using var cache = segment.CreateCache(config.ContextLength, KvFormat.Int4);
        var hidden = new float[500 * config.HiddenSize];
        foreach (var tokenCount in new[] { 500, 4000, 4500, 8000, 8500, 12_000, 17_000, 20_000 })
        {
            while (cache.TokenCount < tokenCount)
                segment.Forward([new SequenceRows(cache, cache.TokenCount, 500)], hidden, workspace);
            Assert.Equal(AttentionBytesOf(workspace), WorkspaceMemory.Of(config, 500, threadCount: 1, tokenCount).AttentionBytes);
        }
    }

    private static IEnumerable<NativeBuffer> BuffersOf(Workspace workspace) =>
        new object[] { workspace, workspace.Quantized }.SelectMany(owner => Fields<NativeBuffer>(owner));

    private static long AttentionBytesOf(Workspace workspace) =>
        Fields<float[][]>(workspace).Sum(scratch => scratch.Sum(floats => (long)floats.Length * sizeof(float)));

    private static IEnumerable<T> Fields<T>(object owner) => owner.GetType()
        .GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
        .Where(field => field.FieldType == typeof(T))
        .Select(field => (T)field.GetValue(owner)!);

    private sealed record Case(ModelConfig Config, int Rows, int Threads);
}
