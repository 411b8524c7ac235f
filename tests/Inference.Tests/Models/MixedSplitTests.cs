using System.Collections.Concurrent;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Compression;
using SplitActors.Inference.Tests.Kernels;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Models;

/// <summary>Sequences that enter a segment at different layers share its batch without sharing a bit.</summary>
public sealed class MixedSplitTests
{
    private const int CaseCount = 4;

    private static readonly ConcurrentDictionary<(int SplitLayer, int Bits), Segment> Backs = new();

    private static int Width => Quill.Config.HiddenSize;

    public static TheoryData<int, KvFormat> Formats
    {
        get
        {
            var formats = new TheoryData<int, KvFormat>();
            foreach (var bits in new[] { 16, 8, 4 })
            {
                foreach (var format in Enum.GetValues<KvFormat>())
                    formats.Add(bits, format);
            }

            return formats;
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Forward_MixedSplits_EachHasTheBitsOfASegmentOfItsOwnLayers(int weightBits, KvFormat kvFormat) =>
        Property.Holds(CaseCount, MixedSplitCase.Gen, given =>
        {
            var (apart, together) = (given.Apart(Back, kvFormat), given.Together(Back, kvFormat));
            for (var step = 0; step < apart.Count; step++)
                BitAssert.Equal(apart[step], together[step]);

            Segment Back(int splitLayer) => Backs.GetOrAdd((splitLayer, weightBits), key => Quill.Back(key.SplitLayer, key.Bits == 16 ? null : new WeightFormat(key.Bits)));
        });

    /// <summary>Layers that nobody needs are not read: without rows they have no result that could tell.</summary>
    [Fact]
    public void Forward_NoSequenceOfTheFirstLayers_HasTheBitsOfTheLastLayersAlone()
    {
        using KvCache own = Quill.Back(7).CreateCache(8), same = Quill.Back(7).CreateCache(8);
        var (expected, actual) = (KernelInputs.Floats(1, 2 * Width), KernelInputs.Floats(1, 2 * Width));
        using var workspace = new Workspace(Quill.Config, 2, ComputeThreads.Single);
        Quill.Back(7).Forward([new SequenceRows(own, 0, 2)], expected, workspace);
        Quill.Whole.Forward([new SequenceRows(same, 0, 2)], actual, workspace);

        BitAssert.Equal(expected, actual);
    }

    [Fact]
    public void Forward_FewerLayersFirst_IsRefusedAndNoCacheCountsATokenOfIt()
    {
        using KvCache deep = Quill.Whole.CreateCache(8), shallow = Quill.Back(5).CreateCache(8);
        using var workspace = new Workspace(Quill.Config, 2, ComputeThreads.Single);
        var error = Assert.Throws<ArgumentException>(
            () => Quill.Whole.Forward([new SequenceRows(shallow, 0, 1), new SequenceRows(deep, 0, 1)], new float[2 * Width], workspace));

        Assert.Contains("8 layers after one of 3", error.Message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (deep.TokenCount, shallow.TokenCount));
    }

    [Theory]
    [InlineData(0, 5, 3)] // a front: nothing says where a sequence of fewer layers would leave
    [InlineData(2, 5, 2)]
    [InlineData(5, 8, 4)] // more layers than there are
    public void Forward_CacheOfLayersThatTheSegmentHasNot_IsRefused(int first, int end, int cacheLayerCount)
    {
        var segment = Segment.Load(Quill.Checkpoint, new LayerRange(first, end));
        using var cache = Quill.Back(Quill.Config.LayerCount - cacheLayerCount).CreateCache(8);
        using var workspace = new Workspace(Quill.Config, 1, ComputeThreads.Single);
        var error = Assert.Throws<ArgumentException>(() => segment.Forward([new SequenceRows(cache, 0, 1)], new float[Width], workspace));

        Assert.Contains($"{cacheLayerCount} layers for a segment of {end - first}", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, cache.TokenCount);
    }
}
