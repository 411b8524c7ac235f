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
        var sequence = new Sequence(Quill.Whole);
        var logits = sequence.Feed(prompt.Ids);

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
            var hidden = new Sequence(Quill.Front(layers), Quill.Whole).Hidden(prompt.Ids)[^Quill.Config.HiddenSize..];
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
        Assert.Equal(prompt.GreedyIds, new Sequence(Quill.Whole).Generate(prompt.Ids, prompt.GreedyIds.Length));
    }

    [Fact]
    public void SplitRun_AtEveryLayer_HasTheBitsOfTheWholeModel()
    {
        var ids = Golden.Load().Prompts[3].Ids;
        var whole = new Sequence(Quill.Whole);
        var expected = new List<float[]> { whole.Feed(ids), whole.Feed(11), whole.Feed(262) };
        for (var splitLayer = 0; splitLayer <= Quill.Config.LayerCount; splitLayer++)
        {
            var split = new Sequence(Quill.Front(splitLayer), Quill.Back(splitLayer));
            Assert.Equal(expected, [split.Feed(ids), split.Feed(11), split.Feed(262)]);
        }
    }

    private static IEnumerable<int> TopIds(float[] logits, int count) =>
        Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(count);
}
