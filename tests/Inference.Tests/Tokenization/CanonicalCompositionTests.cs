using System.Text;
using System.Text.Json.Nodes;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Inference.Tests.Tokenization;

public sealed class CanonicalCompositionTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u00E9", "\u00E9")]
    [InlineData("\u212B", "\u00C5")] // a singleton: ångström sign
    [InlineData("q\u0307\u0323", "q\u0323\u0307")] // marks in order of class
    [InlineData("D\u0307\u0323", "\u1E0C\u0307")]
    [InlineData("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b")]
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\uAC01\u11A8", "\uAC01\u11A8")]
    [InlineData("\u1100\uAC00\u11A7", "\u1100\uAC00\u11A7")]
    [InlineData("\u1F82\u0301", "\u1F82\u0301")] // three levels of decomposition, and back
    [InlineData("\U000110A5\U000110BA", "\U000110AB")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U0002F800", "\u4E3D")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("a\u0308b\u0301", "\u00E4b\u0301")]
    [InlineData("a\u200D\u0308", "a\u200D\u0308")] // a starter between them blocks
    public void Apply_GivesFormC(string text, string expected) => Assert.Equal(expected, CanonicalComposition.Apply(text));

    [Fact]
    public void Apply_Twice_ChangesNothingMore() => TextGenerator.ForAll(TextGenerator.Text, text =>
    {
        var once = CanonicalComposition.Apply(text);
        Assert.Equal(once, CanonicalComposition.Apply(once));
    });

    [Fact]
    public void Apply_EveryCharacterTwice_ChangesNothingMore()
    {
        for (var c = 0; c < 0x30000; c++) // nothing decomposes above U+2FA1D
        {
            if (!Rune.IsValid(c))
                continue;

            var once = CanonicalComposition.Apply($"{new Rune(c)}\u0323\u0301");
            if (once != CanonicalComposition.Apply(once))
                Assert.Fail($"U+{c:X4}");
        }
    }

    [Fact]
    public void StringNormalize_WithoutGlobalization_DoesNothing() => // the reason for CanonicalComposition: drop it when this fails
        Assert.Equal("e\u0301", "e\u0301".Normalize(NormalizationForm.FormC));

    [Theory]
    [InlineData("""{"type": "NFC"}""", 2)]
    [InlineData("""{"type": "Sequence", "normalizers": [{"type": "NFC"}]}""", 2)]
    [InlineData("""{"type": "Sequence", "normalizers": []}""", 3)]
    [InlineData("null", 3)]
    public void Encode_NormalizesAsTheFileSays(string normalizer, int idCount)
    {
        var tokenizer = TokenizerJson.WithMerges().With("normalizer", JsonNode.Parse(normalizer)).Load();
        Assert.Equal(idCount, tokenizer.Encode("e\u0301", addSpecialTokens: false).Length);
    }
}
