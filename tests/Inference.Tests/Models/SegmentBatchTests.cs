using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Tests.Kernels;
using SplitActors.Inference.Threading;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Models;

/// <summary>How rows are batched must not change a bit of them.</summary>
public sealed class SegmentBatchTests
{
    [Fact]
    public void Forward_SequencesAtDifferentPositions_EachHasTheBitsOfItselfAlone()
    {
        var prompts = new[] { Tokens(1, 40), Tokens(2, 7), Tokens(3, 1), Tokens(4, 23), Tokens(5, 100) };
        var alone = prompts.Select(prompt => new Sequence(Quill.Whole, 128)).ToArray();
        var expected = prompts.Zip(alone, (prompt, sequence) => sequence.Hidden(prompt)).ToArray();
        var caches = prompts.Select(_ => Quill.Whole.CreateCache(512)).ToArray();
        var workspace = new Workspace(Quill.Config, 256, ComputeThreads.Single);

        BitAssert.Equal([.. expected.SelectMany(x => x)], Forward(workspace, [.. prompts.Zip(caches, (tokens, cache) => (cache, 0, tokens))]));
        for (var step = 0; step < 5; step++)
        {
            var tokens = prompts.Select((_, i) => Tokens(step, (i + step) % 3 + 1)).ToArray();
            expected = [.. tokens.Zip(alone, (next, sequence) => sequence.Hidden(next))];
            var batch = tokens.Zip(caches, (next, cache) => (cache, cache.TokenCount, next)).ToArray();
            BitAssert.Equal([.. expected.SelectMany(x => x)], Forward(workspace, batch));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(63)]
    public void Forward_InChunks_HasTheBitsOfOnePass(int chunkTokens)
    {
        var tokens = Tokens(1, 64);
        var expected = new Sequence(Quill.Whole).Hidden(tokens);
        var chunked = new Sequence(Quill.Whole);
        BitAssert.Equal(expected, [.. tokens.Chunk(chunkTokens).SelectMany(chunked.Hidden)]);
    }

    [Fact]
    public void Forward_TwoChunksOfOneSequenceInOneBatch_HaveTheBitsOfOnePass()
    {
        var (tokens, other) = (Tokens(1, 30), Tokens(2, 5));
        var expected = new Sequence(Quill.Whole).Hidden(tokens);
        var (cache, otherCache) = (Quill.Whole.CreateCache(512), Quill.Whole.CreateCache(512));
        var hidden = Forward(new Workspace(Quill.Config, 64, ComputeThreads.Single), (cache, 0, tokens[..11]), (otherCache, 0, other), (cache, 11, tokens[11..]));
        var width = Quill.Config.HiddenSize;
        BitAssert.Equal(expected, [.. hidden[..(11 * width)], .. hidden[(16 * width)..]]);
        BitAssert.Equal(new Sequence(Quill.Whole).Hidden(other), hidden.AsSpan(11 * width, 5 * width));
    }

    [Fact]
    public void Forward_AfterTruncation_HasTheBitsOfANeverTruncatedSequence()
    {
        var tokens = Tokens(1, 50);
        var expected = new Sequence(Quill.Whole).Hidden(tokens);
        var cache = Quill.Whole.CreateCache(512);
        var workspace = new Workspace(Quill.Config, 64, ComputeThreads.Single);
        Forward(workspace, (cache, 0, tokens[..20]));
        Forward(workspace, (cache, 20, Tokens(9, 44)));
        cache.Truncate(20);
        BitAssert.Equal(expected.AsSpan(20 * Quill.Config.HiddenSize), Forward(workspace, (cache, 20, tokens[20..])));

        Forward(workspace, (cache, 20, Tokens(8, 3))); // writing at an earlier position truncates by itself
        BitAssert.Equal(expected.AsSpan(20 * Quill.Config.HiddenSize), Forward(workspace, (cache, 20, tokens[20..])));
    }

    [Fact]
    public void Forward_UpToTheFullContext_InChunksHasTheBitsOfOnePassAndThenEnds()
    {
        var tokens = Tokens(1, Quill.Config.ContextLength);
        var expected = new Sequence(Quill.Whole, tokens.Length).Hidden(tokens);
        var chunked = new Sequence(Quill.Whole);
        BitAssert.Equal(expected, [.. tokens.Chunk(61).SelectMany(chunked.Hidden)]);
        Assert.Throws<ArgumentOutOfRangeException>(() => chunked.Hidden([5]));
    }

    [Fact]
    public void Logits_OfABatch_HaveTheBitsOfEachRowAlone()
    {
        var hidden = new Sequence(Quill.Whole).Hidden(Tokens(1, 9));
        var workspace = new Workspace(Quill.Config, 9, ComputeThreads.Single);
        var logits = new float[9 * Quill.Config.VocabularySize];
        Quill.Whole.Logits(hidden, logits, workspace);
        for (var row = 0; row < 9; row++)
        {
            var alone = new float[Quill.Config.VocabularySize];
            Quill.Whole.Logits(hidden.AsSpan(row * Quill.Config.HiddenSize, Quill.Config.HiddenSize), alone, workspace);
            BitAssert.Equal(alone, logits.AsSpan(row * alone.Length, alone.Length));
        }
    }

    [Fact]
    public void Forward_OnSeveralThreadsAtOnce_HasTheSameBitsOnEach()
    {
        const int ThreadCount = 4, TokenCount = 24;
        var expected = new Sequence(Quill.Whole).Generate([4094], TokenCount);
        var results = new List<int>[ThreadCount];
        using var start = new Barrier(ThreadCount);
        var threads = Enumerable.Range(0, ThreadCount).Select(i => new Thread(() =>
        {
            var sequence = new Sequence(Quill.Whole);
            start.SignalAndWait();
            results[i] = sequence.Generate([4094], TokenCount);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.All(results, result => Assert.Equal(expected, result));
    }

    [Fact]
    public void SplitRun_OfASyntheticModel_HasTheBitsOfTheWhole()
    {
        using var files = new CheckpointBuilder();
        files.Config["num_hidden_layers"] = 5;
        files.AddModelTensors().WriteSingleFile();
        using var checkpoint = Checkpoint.Open(files.Folder);
        var whole = Segment.Load(checkpoint, checkpoint.AllLayers());
        var expected = SyntheticModel.Run(whole, whole);
        for (var split = 0; split <= 5; split++)
        {
            var (front, back) = (Segment.Load(checkpoint, LayerRange.Front(split)), Segment.Load(checkpoint, LayerRange.Back(split, 5)));
            Assert.Equal(expected, SyntheticModel.Run(front, back));
        }
    }

    private static int[] Tokens(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(Quill.Config.VocabularySize))];
    }

    private static float[] Forward(Workspace workspace, params (KvCache Cache, int Position, int[] Tokens)[] batch)
    {
        int[] tokens = [.. batch.SelectMany(entry => entry.Tokens)];
        var hidden = new float[tokens.Length * Quill.Config.HiddenSize];
        Quill.Whole.Embed(tokens, hidden);
        Quill.Whole.Forward([.. batch.Select(entry => new SequenceRows(entry.Cache, entry.Position, entry.Tokens.Length))], hidden, workspace);
        return hidden;
    }
}
