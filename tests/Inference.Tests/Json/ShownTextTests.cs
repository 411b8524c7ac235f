using SplitActors.Inference.Json;

namespace SplitActors.Inference.Tests.Json;

public sealed class ShownTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("Ġthe 😀 é", "Ġthe 😀 é")]
    [InlineData("a\nb\r\0\t\u001b[1m", "a\uFFFDb\uFFFD\uFFFD\uFFFD\uFFFD[1m")]
    [InlineData("\u007f\u0085\u2028\u2029", "\uFFFD\uFFFD\uFFFD\uFFFD")]
    public void OneLine_ControlCharacters_AreReplaced(string text, string expected) => Assert.Equal(expected, ShownText.OneLine(text));

    [Fact]
    public void OneLine_LoneSurrogates_AreReplaced() // in a [Fact], as test names must be valid Unicode
    {
        Assert.Equal("\uFFFD", ShownText.OneLine("\uD83D"));
        Assert.Equal("\uFFFD", ShownText.OneLine("\uDE00"));
        Assert.Equal("\uFFFD\uFFFD", ShownText.OneLine("\uDE00\uD83D"));
        Assert.Equal("\uFFFD😀\uFFFDa", ShownText.OneLine("\uD83D😀\uDE00a"));
    }

    [Fact]
    public void OneLine_NothingToReplace_IsTheSameText()
    {
        var text = new string('x', 200);
        Assert.Same(text, ShownText.OneLine(text));
    }

    [Fact]
    public void Of_LongText_IsCut()
    {
        var longest = new string('x', ShownText.CharsMax);
        Assert.Equal(longest, ShownText.Of(longest));
        Assert.Equal(longest + "…", ShownText.Of(longest + "y"));
    }

    [Fact]
    public void Of_CutThroughASurrogatePair_LeavesNoHalf() =>
        Assert.Equal(new string('x', ShownText.CharsMax - 1) + "\uFFFD…", ShownText.Of(new string('x', ShownText.CharsMax - 1) + "😀"));
}
