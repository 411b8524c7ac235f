using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Tests.Kernels;
using SplitActors.Inference.Threading;

namespace SplitActors.Inference.Tests.Models;

/// <summary>Where the split is, how tokens are batched and how many threads there are must not change a bit, with quantized weights as with others.</summary>
public sealed class QuantizedSegmentTests
{
    private const int SplitLayer = 3;
    private const int PromptTokens = 70; // more than one panel

    private static readonly int[] Prompt = Tokens();
    private static readonly Segment Front = Quill.Front(SplitLayer, new WeightFormat(4));
    private static readonly Segment Back = Quill.Back(SplitLayer, new WeightFormat(8, 64));

    public static TheoryData<KvFormat> KvFormats => [KvFormat.Float16, KvFormat.Int8, KvFormat.Int4];

    [Theory]
    [InlineData(8, 32)]
    [InlineData(4, 64)]
    [InlineData(3, 128)]
    [InlineData(2, 32)]
    public void SplitRun_QuantizedWeights_HasTheBitsOfTheWholeModel(int bits, int groupSize)
    {
        var format = new WeightFormat(bits, groupSize);
        var expected = Logits(new Sequence(Quill.Front(Quill.Config.LayerCount, format), Quill.Back(Quill.Config.LayerCount, format), PromptTokens));
        foreach (var splitLayer in new[] { 0, 1, SplitLayer })
            AssertSame(expected, Logits(new Sequence(Quill.Front(splitLayer, format), Quill.Back(splitLayer, format), PromptTokens)));
    }

    [Theory]
    [MemberData(nameof(KvFormats))]
    public void Forward_InChunks_HasTheBitsOfOnePass(KvFormat kvFormat)
    {
        var expected = Logits(new Sequence(Front, Back, PromptTokens, kvFormat));
        foreach (var chunkTokens in new[] { 1, 7, 64, 69 })
        {
            using var chunked = new Sequence(Front, Back, PromptTokens, kvFormat);
            foreach (var chunk in Prompt[..^1].Chunk(chunkTokens))
                chunked.Feed(chunk);
            AssertSame(expected, Logits(chunked, Prompt[^1..]));
        }
    }

    [Theory]
    [MemberData(nameof(KvFormats))]
    public void Forward_OnSeveralThreads_HasTheBitsOfOne(KvFormat kvFormat)
    {
        var expected = Logits(new Sequence(Front, Back, PromptTokens, kvFormat));
        foreach (var threadCount in new[] { 2, 3, 4 })
        {
            using var threads = new ComputeThreads(threadCount);
            AssertSame(expected, Logits(new Sequence(Front, Back, PromptTokens, kvFormat, threads)));
        }
    }

    /// <summary>Two engines that share their threads, as a device and a worker in one process do.</summary>
    [Fact]
    public void Forward_SequencesThatShareThreads_EachHaveTheBitsOfThemselvesAlone()
    {
        const int SequenceCount = 3;
        var expected = Logits(new Sequence(Front, Back, PromptTokens));
        using var threads = new ComputeThreads(2);
        using var start = new Barrier(SequenceCount);
        var actual = new float[SequenceCount][][];
        var callers = Enumerable.Range(0, SequenceCount).Select(i => new Thread(() =>
        {
            var sequence = new Sequence(Front, Back, PromptTokens, KvFormat.Float16, threads);
            start.SignalAndWait();
            actual[i] = Logits(sequence);
        })).ToList();
        callers.ForEach(caller => caller.Start());
        callers.ForEach(caller => caller.Join());
        Assert.All(actual, logits => AssertSame(expected, logits));
    }

    /// <summary>Logits after the prompt and after three more tokens.</summary>
    private static float[][] Logits(Sequence sequence, int[]? prompt = null)
    {
        using (sequence)
            return [sequence.Feed(prompt ?? Prompt), sequence.Feed(11), sequence.Feed(262), sequence.Feed(7)];
    }

    private static void AssertSame(float[][] expected, float[][] actual)
    {
        foreach (var (first, second) in expected.Zip(actual))
            BitAssert.Equal(first, second);
    }

    private static int[] Tokens()
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(Quill.Config.VocabularySize))];
    }
}
