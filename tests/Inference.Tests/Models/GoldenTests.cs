using SplitActors.Inference.Models;
using SplitActors.Inference.Sampling;

namespace SplitActors.Inference.Tests.Models;

public sealed class GoldenTests
{
    private const double LogitTolerance = 2e-3;

    public static TheoryData<int> Prompts => [.. Enumerable.Range(0, 5)];

    [Theory]
    [MemberData(nameof(Prompts))]
    public void Logits_OfEveryPrompt_AreTheReferences(int index)
    {
        var prompt = Golden.Load().Prompts[index];
        var run = new Run(Quill.Whole, Quill.Whole);
        var logits = run.Feed(prompt.Ids);

        foreach (var entry in prompt.LastLogitsTop20)
            Assert.Equal(entry[1], logits[(int)entry[0]], LogitTolerance);
        Assert.Equal(prompt.LastLogitsTop20.Select(entry => (int)entry[0]), TopIds(logits, 20));
        Assert.Equal(prompt.LastLogitsL2, Math.Sqrt(logits.Sum(x => (double)x * x)), LogitTolerance * Math.Sqrt(logits.Length));
        Assert.Equal(prompt.LastLogitsSum, logits.Sum(x => (double)x), LogitTolerance * logits.Length);
    }

    [Theory]
    [MemberData(nameof(Prompts))]
    public void HiddenStates_AfterEveryLayer_AreTheReferences(int index)
    {
        var prompt = Golden.Load().Prompts[index];
        for (var layers = 1; layers <= Quill.Config.LayerCount; layers++)
        {
            var hidden = new Run(Quill.Front(layers), Quill.Whole).Hidden(prompt.Ids)[^Quill.Config.HiddenSize..];
            var golden = prompt.HiddenAfterLayerLastToken[layers - 1];
            Assert.Equal(golden.AbsmaxLast, hidden.Max(MathF.Abs), golden.AbsmaxLast * 1e-4);
            for (var i = 0; i < golden.First8Last.Length; i++)
                Assert.Equal(golden.First8Last[i], hidden[i], golden.AbsmaxLast * 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Prompts))]
    public void GreedyContinuation_OfTheWholeModel_IsTheReferences(int index)
    {
        var prompt = Golden.Load().Prompts[index];
        Assert.Equal(prompt.GreedyIds, new Run(Quill.Whole, Quill.Whole).Generate(prompt.Ids, prompt.GreedyIds.Length));
    }

    [Fact]
    public void SplitRun_AtEveryLayer_HasTheBitsOfTheWholeModel()
    {
        var ids = Golden.Load().Prompts[3].Ids;
        var whole = new Run(Quill.Whole, Quill.Whole);
        var expected = new List<float[]> { whole.Feed(ids), whole.Feed([11]), whole.Feed([262]) };
        for (var splitLayer = 0; splitLayer <= Quill.Config.LayerCount; splitLayer++)
        {
            var split = new Run(Quill.Front(splitLayer), Quill.Back(splitLayer));
            Assert.Equal(expected, [split.Feed(ids), split.Feed([11]), split.Feed([262])]);
        }
    }

    private static IEnumerable<int> TopIds(float[] logits, int count) =>
        Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(count);

    /// <summary>A sequence through a front and a back, or through one segment that is both.</summary>
    private sealed class Run(Segment front, Segment back)
    {
        private readonly KvCache _frontCache = front.CreateCache(512);
        private readonly KvCache _backCache = back.CreateCache(512);
        private readonly Workspace _workspace = new(front.Config, 64);

        public float[] Hidden(int[] tokens)
        {
            var hidden = new float[tokens.Length * front.Config.HiddenSize];
            front.Embed(tokens, hidden);
            front.Forward([new SequenceRows(_frontCache, _frontCache.TokenCount, tokens.Length)], hidden, _workspace);
            return hidden;
        }

        public float[] Feed(int[] tokens)
        {
            var hidden = Hidden(tokens);
            if (back != front)
                back.Forward([new SequenceRows(_backCache, _backCache.TokenCount, tokens.Length)], hidden, _workspace);
            var logits = new float[front.Config.VocabularySize];
            back.Logits(hidden.AsSpan()[^front.Config.HiddenSize..], logits, _workspace);
            return logits;
        }

        public List<int> Generate(int[] prompt, int count)
        {
            var sampler = new Sampler();
            var generated = new List<int>();
            var logits = Feed(prompt);
            for (; ; logits = Feed([generated[^1]]))
            {
                generated.Add(sampler.Sample(logits, SamplingOptions.Greedy, [], prompt.Length + generated.Count));
                if (generated.Count == count)
                    return generated;
            }
        }
    }
}
