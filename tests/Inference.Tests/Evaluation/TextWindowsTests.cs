using SplitActors.Inference.Evaluation;

namespace SplitActors.Inference.Tests.Evaluation;

public sealed class TextWindowsTests
{
    private static readonly int[] Text = [10, 11, 12, 13, 14];

    [Fact]
    public void TryRead_BeginOfText_PredictsEveryToken()
    {
        var windows = new TextWindows(Text, windowTokens: 3, beginOfText: 1);
        Assert.Equal([("1 10 11", "10 11 12"), ("1 13", "13 14")], All(windows));
        Assert.Equal(5, windows.TokenCount);
    }

    [Fact]
    public void TryRead_NoBeginOfText_PredictsAllButTheFirst()
    {
        var windows = new TextWindows(Text, windowTokens: 3, beginOfText: null);
        Assert.Equal([("10 11 12", "11 12 13"), ("13", "14")], All(windows));
        Assert.Equal(4, windows.TokenCount);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, null)]
    [InlineData(1, null)]
    public void TryRead_NothingToPredict_IsFalse(int tokenCount, int? beginOfText)
    {
        var windows = new TextWindows(Text.AsMemory(0, tokenCount), windowTokens: 3, beginOfText);
        Assert.False(windows.TryRead(0, out _, out _));
        Assert.Equal(0, windows.TokenCount);
    }

    private static List<(string Input, string Targets)> All(TextWindows windows)
    {
        var all = new List<(string Input, string Targets)>();
        for (var start = 0; windows.TryRead(start, out var input, out var targets); start += targets.Length)
            all.Add((string.Join(' ', input.ToArray()), string.Join(' ', targets.ToArray())));
        return all;
    }
}
