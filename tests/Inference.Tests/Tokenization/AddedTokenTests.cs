using System.Text.Json.Nodes;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Inference.Tests.Tokenization;

public sealed class AddedTokenTests
{
    [Theory]
    [InlineData("<a><ab><abc>", new[] { "<a>", "<ab>", "<abc>" })]
    [InlineData("<ab><", new[] { "<ab>", "<" })]
    [InlineData("x<abcd", new[] { "x", "<abc", "d" })]
    public void Encode_TokensWithOnePrefix_TakesTheLongest(string text, string[] tokens) => Assert.Equal(
        tokens,
        Load(Added(256, "<a>"), Added(257, "<ab>"), Added(258, "<abc>"), Added(259, "<abc")).Tokens(text));

    [Theory]
    [InlineData("", "a <x> b", new[] { "a", " ", "<x>", " ", "b" })]
    [InlineData("lstrip", "a \n<x> b", new[] { "a", "<x>", " ", "b" })]
    [InlineData("rstrip", "a <x> \n", new[] { "a", " ", "<x>" })]
    [InlineData("lstrip,rstrip", "a <x> <x> b", new[] { "a", "<x>", "<x>", "b" })]
    public void Encode_Stripping_TakesWhiteSpaceAlong(string flags, string text, string[] tokens) =>
        Assert.Equal(tokens, Load(Added(256, "<x>", flags.Split(','))).Tokens(text));

    /// <summary>Values of tokenizers 0.22.2: what a token takes along may be another token too, which is dropped only where nothing of it is left.</summary>
    [Theory]
    [InlineData("rstrip", "", "<r>\n\nx", new[] { 256, 257, 120 })]
    [InlineData("rstrip", "", "<r> \n\n\nx", new[] { 256, 257, 10, 120 })]
    [InlineData("rstrip", "", "<r>\n\n\n\n", new[] { 256, 257, 257 })]
    [InlineData("rstrip", "", "<r>\n<r>\n\n", new[] { 256, 256, 257 })]
    [InlineData("rstrip", "lstrip", "<r>\n\nx", new[] { 256, 120 })]
    [InlineData("rstrip", "rstrip", "<r>\n\n \n\n", new[] { 256, 257, 257 })]
    [InlineData("", "lstrip", "<r> \n\nx", new[] { 256, 257, 120 })]
    [InlineData("lstrip,rstrip", "single_word", "a \n\n<r>\n\n1", new[] { 97, 32, 257, 256, 49 })]
    public void Encode_StrippingBesideWhiteSpaceToken_IsAsHuggingFace(string flags, string whiteSpaceFlags, string text, int[] ids) => Assert.Equal(
        ids, Load(Added(256, "<r>", flags.Split(',')), Added(257, "\n\n", whiteSpaceFlags.Split(','))).Encode(text, addSpecialTokens: false));

    /// <summary>Likewise: of tokens that normalization makes equal the first special one counts, else the first one.</summary>
    [Theory]
    [InlineData("normalized", "normalized", 256)]
    [InlineData("normalized", "normalized,special", 257)]
    [InlineData("normalized,special", "normalized,special", 256)]
    public void Encode_TokensThatNormalizationMakesEqual_TakesTheFirstSpecialOne(string first, string second, int id)
    {
        var document = Document(
            new JsonObject { ["type"] = "NFC" }, Added(256, "cafe\u0301", first.Split(',')), Added(257, "caf\u00E9", second.Split(',')));
        Assert.Equal([id], document.Load().Encode("caf\u00E9", addSpecialTokens: false));
    }

    [Theory]
    [InlineData("xx", 1)]
    [InlineData("xx!", 1)]
    [InlineData(" xx ", 1)]
    [InlineData("axx", 0)]
    [InlineData("xx1", 0)]
    [InlineData("xx_", 0)]
    [InlineData("xx\u0301", 0)]
    [InlineData("𠮷xx", 0)]
    [InlineData("xx😀", 1)]
    [InlineData("xxⒶ", 0)]
    [InlineData("ⓩxx", 0)]
    [InlineData("xx\u24EA", 1)] // a circled digit is no letter
    [InlineData("xx🄰", 0)]
    [InlineData("🅩xx", 0)]
    [InlineData("xx🆉", 0)]
    [InlineData("xx🆊", 1)]
    [InlineData("xx\u200D", 0)]
    public void Encode_SingleWord_CountsOnlyBesideNonWords(string text, int count) => Assert.Equal(
        count, Load(Added(256, "xx", "single_word")).Encode(text, addSpecialTokens: false).Count(id => id == 256));

    [Fact]
    public void Encode_Normalized_IsFoundInNormalizedTextOnly()
    {
        var normalized = Load("NFC", Added(256, "caf\u00E9", "normalized"));
        Assert.Equal([256], normalized.Encode("cafe\u0301", addSpecialTokens: false));
        Assert.Equal([256], Load("NFC", Added(256, "cafe\u0301", "normalized")).Encode("caf\u00E9", addSpecialTokens: false));
        Assert.NotEqual([256], Load("NFC", Added(256, "caf\u00E9")).Encode("cafe\u0301", addSpecialTokens: false));
    }

    [Fact]
    public void Encode_SpecialTokensNotParsed_StillFindsOrdinaryAddedTokens() => Assert.Equal(
        ["<", "s", ">", "<t>"],
        Load(Added(256, "<s>", "special"), Added(257, "<t>")).Tokens("<s><t>", parseSpecialTokens: false));

    [Fact]
    public void Decode_AddedToken_IsItsTextNotBytesSpelled()
    {
        var tokenizer = Load(Added(256, "é Ġ"));
        Assert.Equal("é Ġ", tokenizer.Decode(tokenizer.Encode("é Ġ", addSpecialTokens: false)));
        Assert.False(tokenizer.IsSpecial(256));
    }

    [Fact]
    public void Encode_Template_WrapsTheText()
    {
        var tokenizer = Document(null, Added(256, "<s>", "special"), Added(257, "</s>", "special")).With("post_processor", JsonNode.Parse(
            """
            {"type": "Sequence", "processors": [
              {"type": "ByteLevel", "trim_offsets": false},
              {"type": "TemplateProcessing",
               "single": [
                 {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "</s>", "type_id": 0}}],
               "special_tokens": {
                 "<s>": {"id": "<s>", "ids": [256], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [257], "tokens": ["</s>"]}}}]}
            """)).Load();
        Assert.Equal([256, 97, 257], tokenizer.Encode("a", addSpecialTokens: true));
        Assert.Equal([256, 257], tokenizer.Encode("", addSpecialTokens: true));
        Assert.Equal([97], tokenizer.Encode("a", addSpecialTokens: false));
    }

    private static JsonObject Added(int id, string content, params string[] flags) => TokenizerJson.AddedToken(id, content, flags);

    private static Tokenizer Load(params JsonNode[] tokens) => Document(null, tokens).Load();

    private static Tokenizer Load(string normalizer, JsonNode token) => Document(new JsonObject { ["type"] = normalizer }, token).Load();

    private static JsonObject Document(JsonNode? normalizer, params JsonNode[] tokens) => TokenizerJson.WithMerges()
        .With("normalizer", normalizer)
        .With("added_tokens", new JsonArray(tokens));
}
