using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SplitActors.Inference.Json;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Inference.Tests.Tokenization;

public sealed class PreTokenizerTests
{
    [Fact]
    public void Gpt2Pattern_AnyText_EqualsTheRegularExpression()
    {
        var regex = new PatternSplit(Gpt2Pattern.Source, SplitBehavior.Isolated, isInverted: false, "");
        var scanner = new ByteLevelPreTokenizer(addsPrefixSpace: false, usesGpt2Pattern: true);
        TextGenerator.ForAll(TextGenerator.Text, text => Assert.Equal(Words(regex, text), Words(scanner, text)), caseCount: 5000);
    }

    [Fact]
    public void Gpt2Pattern_EveryCharacter_IsClassedAsByTheRegularExpression()
    {
        var regex = new PatternSplit(Gpt2Pattern.Source, SplitBehavior.Isolated, isInverted: false, "");
        var scanner = new ByteLevelPreTokenizer(addsPrefixSpace: false, usesGpt2Pattern: true);
        for (var block = 0; block < 0x20000; block += 64) // the planes above are of few categories
        {
            var runes = Enumerable.Range(block, 64).Where(c => Rune.IsValid(c)).Select(c => new Rune(c)).ToList();
            var text = string.Concat(runes.Select(rune => $" {rune}a{rune}1{rune}!{rune}{rune}")); // beside each class
            Assert.Equal(Words(regex, text), Words(scanner, text));
        }
    }

    [Theory]
    [InlineData("I'M here, they'LL see", new[] { "I", "'M", " here", ",", " they", "'LL", " see" })]
    [InlineData("12345 x", new[] { "123", "45", " x" })]
    [InlineData("a  b\n\n c !!\n", new[] { "a", " ", " b", "\n\n", " c", " !!\n" })]
    [InlineData("-word\t\ttab", new[] { "-word", "\t", "\ttab" })]
    [InlineData("𠮷野家𝟘𝟙𝟚𝟛 😀😀x", new[] { "𠮷野家", "𝟘𝟙𝟚", "𝟛", " 😀😀", "x" })]
    public void Split_Llama3Pattern_CutsAsTheReference(string text, string[] words) => Assert.Equal(words, Words(Llama3, text));

    [Theory]
    [InlineData("12345", new[] { "1", "2", "3", "4", "5" })]
    [InlineData("𝐀𝐛c 𝟘𝟙", new[] { "𝐀𝐛c", " ", "𝟘", "𝟙" })]
    public void Split_Qwen2Pattern_CutsAsTheReference(string text, string[] words) =>
        Assert.Equal(words, Words(Read(TokenizerJson.SplitThenBytes(TokenizerJson.Qwen2Pattern).ToJsonString()), text));

    [Fact]
    public void Split_AnyText_LosesNothing() =>
        TextGenerator.ForAll(TextGenerator.Text, text => Assert.Equal(text, string.Concat(Words(Llama3, text))));

    [Theory]
    [InlineData("Isolated", false, new[] { "a", "-", "b", "-", "-" })]
    [InlineData("Isolated", true, new[] { "a", "-", "b", "-", "-" })]
    [InlineData("Removed", false, new[] { "a", "b" })]
    [InlineData("Removed", true, new[] { "-", "-", "-" })]
    public void Split_Behaviors_KeepWhatTheySay(string behavior, bool invert, string[] words) =>
        Assert.Equal(words, Words(Read(TokenizerJson.SplitThenBytes("-", behavior, invert).ToJsonString()), "a-b--"));

    [Fact]
    public void Split_LiteralPattern_IsNotARegularExpression() => Assert.Equal(
        ["a.b", "..", "c"],
        Words(Sequence("""{"type": "Split", "pattern": {"String": ".."}, "behavior": "Isolated", "invert": false}"""), "a.b..c"));

    [Theory]
    [InlineData(true, new[] { "a", "1", "2", "½", "b", "𝟘" })]
    [InlineData(false, new[] { "a", "12½", "b", "𝟘" })]
    public void Digits_AreSetApart(bool each, string[] words) => Assert.Equal(
        words, Words(Sequence($$"""{"type": "Digits", "individual_digits": {{(each ? "true" : "false")}}}"""), "a12½b𝟘"));

    [Fact]
    public void ByteLevel_PrefixSpace_IsAddedWhereNoneIs()
    {
        var prefixing = new ByteLevelPreTokenizer(addsPrefixSpace: true, usesGpt2Pattern: true);
        Assert.Equal([" a", " b"], Words(prefixing, "a b"));
        Assert.Equal([" a", " b"], Words(prefixing, " a b"));
    }

    [Fact]
    public void Split_PatternThatExplodes_IsTheUsersError()
    {
        var exploding = Read(TokenizerJson.SplitThenBytes("(a+)+$").ToJsonString());
        var error = Assert.Throws<UserErrorException>(() => Words(exploding, new string('a', 60) + "!"));
        Assert.Contains("pretokenizers[0].pattern.Regex", error.Place, StringComparison.Ordinal);
    }

    [Fact]
    public void StandIn_OfEverySupplementaryCharacter_HasItsCategory()
    {
        for (var c = 0x10000; c < 0x110000; c++)
        {
            var category = Rune.GetUnicodeCategory(new Rune(c));
            if (CharUnicodeInfo.GetUnicodeCategory(SupplementaryShadow.StandInFor(category)) != category)
                Assert.Fail($"U+{c:X} is {category}");
        }
    }

    [Fact]
    public void StandIn_HasNoCaseEquivalentThatAPatternNames()
    {
        var contractions = new Regex("(?i:'s|'t|'re|'ve|'m|'ll|'d)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        foreach (var category in Enum.GetValues<UnicodeCategory>())
            Assert.DoesNotMatch(contractions, $"'{SupplementaryShadow.StandInFor(category)}");
    }

    private static PreTokenizer Llama3 { get; } = Read(TokenizerJson.SplitThenBytes(TokenizerJson.Llama3Pattern).ToJsonString());

    private static PreTokenizer Sequence(string first) => Read(
        $$"""{"type": "Sequence", "pretokenizers": [{{first}}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}""");

    private static PreTokenizer Read(string json) =>
        PreTokenizerReader.Read(JsonField.Parse("tokenizer.json", Encoding.UTF8.GetBytes(json)));

    private static string[] Words(PreTokenizer preTokenizer, string text)
    {
        var words = new List<TextPiece>();
        if (text.Length > 0)
            preTokenizer.Split(new TextPiece(text, 0, text.Length), words);
        return [.. words.Select(word => word.Span.ToString())];
    }
}
