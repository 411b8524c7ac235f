using System.Text;
using System.Text.Json.Nodes;
using FsCheck.Fluent;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Inference.Tests.Tokenization;

public sealed class TokenizerReaderTests
{
    [Fact]
    public void Load_NoFile_NamesIt()
    {
        var error = Assert.Throws<UserErrorException>(() => Tokenizer.Load(Path.Combine(Path.GetTempPath(), "no-such-folder")));
        Assert.Equal(UserErrorKind.Checkpoint, error.Kind);
        Assert.EndsWith(Path.Combine("no-such-folder", "tokenizer.json"), error.Place, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"model\": }")]
    [InlineData("{} {}")]
    public void Load_NotJson_NamesTheLine(string json) =>
        AssertError(() => TokenizerJson.LoadText(json), "tokenizer.json", "expected a JSON object, found an error in line 1");

    [Fact]
    public void Load_NestedTooDeep_IsNotJson() =>
        AssertError(() => TokenizerJson.LoadText(new string('[', 100_000)), "tokenizer.json", "expected a JSON object, found an error in line 1, byte 17");

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("null")]
    public void Load_NotAnObject_SaysSo(string json) => AssertError(() => TokenizerJson.LoadText(json), "tokenizer.json", "expected a JSON object");

    [Theory]
    [InlineData("model", null, "model: expected a JSON object, found no such field")]
    [InlineData("model", "7", "model: expected a JSON object, found 7")]
    [InlineData("model", """{"type": "Unigram"}""", "model.type: expected BPE, found \"Unigram\"")]
    [InlineData("model.type", "7", "model.type: expected a string")]
    [InlineData("model.vocab", null, "model.vocab: expected a JSON object, found no such field")]
    [InlineData("model.vocab", "[]", "model.vocab: expected a JSON object")]
    [InlineData("model.vocab", "{}", "model.vocab: expected tokens")]
    [InlineData("model.vocab", """{"a": 0, "b": 0}""", "model.vocab.b: expected a token and an id of its own, found id 0 a second time")]
    [InlineData("model.vocab", """{"a": "0"}""", "model.vocab.a: expected a whole number")]
    [InlineData("model.vocab", """{"a": -1}""", "model.vocab.a: expected a whole number")]
    [InlineData("model.vocab", """{"a": 1.5}""", "model.vocab.a: expected a whole number")]
    [InlineData("model.vocab", """{"a": 4194304}""", "model.vocab.a: expected a whole number from 0 to 4194303, found 4194304")]
    [InlineData("model.vocab", """{"a": 99999999999999}""", "model.vocab.a: expected a whole number")]
    [InlineData("model.merges", null, "model.merges: expected a JSON array, found no such field")]
    [InlineData("model.merges", "{}", "model.merges: expected a JSON array")]
    [InlineData("model.merges", "[7]", "model.merges[0]: expected a string")]
    [InlineData("model.merges", """["ab"]""", "model.merges[0]: expected two tokens")]
    [InlineData("model.merges", """["a b c"]""", "model.merges[0]: expected two tokens")]
    [InlineData("model.merges", """["a "]""", "model.merges[0]: expected two tokens")]
    [InlineData("model.merges", """[["a"]]""", "model.merges[0]: expected two tokens")]
    [InlineData("model.merges", """[["a", 7]]""", "model.merges[0][1]: expected a string")]
    [InlineData("model.merges", """["a b", "a xyz"]""", "model.merges[0]: expected tokens of model.vocab, found \"ab\"")]
    [InlineData("model.merges", """["xyz b"]""", "model.merges[0]: expected tokens of model.vocab, found \"xyz\"")]
    [InlineData("model.byte_fallback", "true", "model.byte_fallback: expected false")]
    [InlineData("model.ignore_merges", "\"yes\"", "model.ignore_merges: expected true or false")]
    [InlineData("model.dropout", "0.1", "model.dropout: expected null")]
    [InlineData("model.unk_token", "\"xyz\"", "model.unk_token: expected a token of model.vocab")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix: expected null or \"\"")]
    [InlineData("added_tokens", "{}", "added_tokens: expected a JSON array")]
    [InlineData("added_tokens", """[{"id": 300}]""", "added_tokens[0].content: expected a string of valid Unicode, found no such field")]
    [InlineData("added_tokens", """[{"content": "x"}]""", "added_tokens[0].id: expected a whole number")]
    [InlineData("added_tokens", """[{"id": 97, "content": "x"}]""", "added_tokens[0]: expected a token and an id of its own, found id 97")]
    [InlineData("added_tokens", """[{"id": 300, "content": "a"}]""", "added_tokens[0]: expected a token and an id of its own, found \"a\"")]
    [InlineData(
        "added_tokens",
        """[{"id": 300, "content": "xx"}, {"id": 300, "content": "xx"}]""",
        "added_tokens[1]: expected a token and an id")]
    [InlineData("added_tokens", """[{"id": 300, "content": "x", "special": 1}]""", "added_tokens[0].special: expected true or false")]
    [InlineData("added_tokens", """[{"id": 300, "content": "\ud800"}]""", "added_tokens[0].content: expected a string of valid Unicode")]
    [InlineData("normalizer", """{"type": "Lowercase"}""", "normalizer.type: expected NFC or Sequence, found \"Lowercase\"")]
    [InlineData(
        "normalizer",
        """{"type": "Sequence", "normalizers": [{"type": "NFKC"}]}""",
        "normalizer.normalizers[0].type: expected NFC")]
    [InlineData("pre_tokenizer", null, "pre_tokenizer: expected a JSON object, found no such field")]
    [InlineData("pre_tokenizer", """{"type": "Metaspace"}""", "pre_tokenizer.type: expected ByteLevel, Split, Digits or Sequence")]
    [InlineData("pre_tokenizer", """{"type": "Sequence", "pretokenizers": []}""", "pre_tokenizer: expected ByteLevel as the only step")]
    [InlineData("pre_tokenizer", """{"type": "Digits"}""", "pre_tokenizer: expected ByteLevel as the only step")]
    [InlineData("pre_tokenizer", """{"type": "ByteLevel", "use_regex": 1}""", "pre_tokenizer.use_regex: expected true or false")]
    [InlineData("post_processor", """{"type": "BertProcessing"}""", "post_processor.type: expected TemplateProcessing")]
    [InlineData("post_processor", """{"type": "TemplateProcessing"}""", "post_processor.single: expected a JSON array")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": []}""", "post_processor.single: expected the sequence A")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": [{}]}""", "post_processor.single[0]: expected SpecialToken")]
    [InlineData(
        "post_processor",
        """{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B"}}]}""",
        "post_processor.single[0].Sequence: expected the sequence A, once")]
    [InlineData(
        "post_processor",
        """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {"x": {"ids": [999]}}}""",
        "post_processor.special_tokens.x.ids[0]: expected the id of a token, found 999")]
    [InlineData(
        "post_processor",
        """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {}}""",
        "post_processor.special_tokens.x: expected a JSON object, found no such field")]
    [InlineData("decoder", null, "decoder: expected a JSON object, found no such field")]
    [InlineData("decoder", """{"type": "WordPiece"}""", "decoder.type: expected ByteLevel, found \"WordPiece\"")]
    public void Load_MalformedField_NamesItsPath(string field, string? json, string message)
    {
        var document = TokenizerJson.WithMerges();
        var text = document.ToJsonString();
        if (json is null)
        {
            Remove(document, field);
            text = document.ToJsonString();
        }
        else
        {
            Set(document, field, "here it comes");
            text = document.ToJsonString().Replace("\"here it comes\"", json, StringComparison.Ordinal);
        }

        AssertError(() => TokenizerJson.LoadText(text), ", " + message.Split(": ")[0], message);
    }

    [Theory]
    [InlineData("[a", "expected a regular expression, found")]
    [InlineData(@"\p{Han}", "expected a regular expression, found")]
    [InlineData("a++", "expected a regular expression, found")]
    [InlineData(@"\h", "expected a regular expression, found")]
    [InlineData("[a-z&&[^b]]", "found an intersection of sets")]
    [InlineData("[[:alpha:]]", "found a set within a set")]
    [InlineData("[a-z-[b]]", "found a set within a set")]
    [InlineData("[😀-😎]", "found a character above U+FFFF")]
    public void Load_PatternThatDotnetReadsOtherwise_IsRefused(string pattern, string message)
    {
        var document = TokenizerJson.WithMerges().With("pre_tokenizer", TokenizerJson.SplitThenBytes(pattern));
        AssertError(() => document.Load(), "pre_tokenizer.pretokenizers[0].pattern.Regex", message);
    }

    [Theory]
    [InlineData(@"[\[\]&]")]
    [InlineData("[]a&]")]
    [InlineData("[^]a]")]
    [InlineData(@"\[\[")]
    public void Load_BracketsThatAreLiteral_AreAccepted(string pattern) =>
        TokenizerJson.WithMerges().With("pre_tokenizer", TokenizerJson.SplitThenBytes(pattern)).Load();

    [Theory]
    [InlineData("MergedWithPrevious")]
    [InlineData("Contiguous")]
    public void Load_UnsupportedBehavior_IsRefused(string behavior)
    {
        var document = TokenizerJson.WithMerges().With("pre_tokenizer", TokenizerJson.SplitThenBytes("a", behavior));
        AssertError(() => document.Load(), "pre_tokenizer.pretokenizers[0].behavior", "expected Isolated or Removed");
    }

    [Fact]
    public void Load_BytesThatAreNotUtf8_AreRefused()
    {
        var text = TokenizerJson.WithMerges().ToJsonString().Replace("\"!\"", "\"\u00FF\"", StringComparison.Ordinal);
        var folder = Directory.CreateTempSubdirectory("tokenizer-");
        File.WriteAllBytes(Path.Combine(folder.FullName, "tokenizer.json"), Encoding.Latin1.GetBytes(text));
        AssertError(() => Tokenizer.Load(folder.FullName), "tokenizer.json", "expected JSON in UTF-8, found 0xff in line 1, byte ");
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Load_RandomDamage_IsNothingButAUserError()
    {
        const string Replacements = "{}[]\",:0-9.eat\\n ul";
        var intact = Rich().ToJsonString();
        var damage = Gen.Choose(0, intact.Length - 1).Zip(Gen.Elements(Replacements.ToCharArray())).NonEmptyListOf().ToArbitrary();
        TextGenerator.ForAll(damage, places =>
        {
            var text = new StringBuilder(intact);
            foreach (var (at, c) in places.Take(3))
                text[at] = c;

            var error = Record.Exception(() => TokenizerJson.LoadText(text.ToString()));
            Assert.True(error is null or UserErrorException, $"{error}");
        }, caseCount: 1000);
    }

    /// <summary>A document with every kind of field.</summary>
    private static JsonObject Rich()
    {
        var document = TokenizerJson.WithMerges("a b", "ab ab")
            .With("normalizer", JsonNode.Parse("""{"type": "Sequence", "normalizers": [{"type": "NFC"}]}"""))
            .With("added_tokens", new JsonArray(
                TokenizerJson.AddedToken(258, "<s>", "special"), TokenizerJson.AddedToken(259, "abab ", "lstrip")))
            .With("pre_tokenizer", TokenizerJson.SplitThenBytes(TokenizerJson.Llama3Pattern))
            .With("post_processor", JsonNode.Parse(
                """
                {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}],
                 "special_tokens": {"<s>": {"id": "<s>", "ids": [258], "tokens": ["<s>"]}}}
                """));
        var model = document["model"]!.AsObject();
        foreach (var name in model["vocab"]!.AsObject().Select(token => token.Key).Where(name => name[0] > 'b').ToList())
            model["vocab"]!.AsObject().Remove(name); // few enough tokens for the damage to hit something else
        return document;
    }

    private static void Set(JsonObject document, string field, JsonNode value)
    {
        var names = field.Split('.');
        (names.Length == 1 ? document : document[names[0]]!.AsObject())[names[^1]] = value;
    }

    private static void Remove(JsonObject document, string field)
    {
        var names = field.Split('.');
        (names.Length == 1 ? document : document[names[0]]!.AsObject()).Remove(names[^1]);
    }

    private static void AssertError(Action load, string place, string message)
    {
        var error = Assert.Throws<UserErrorException>(load);
        Assert.Equal(UserErrorKind.Checkpoint, error.Kind);
        Assert.EndsWith(place, error.Place, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", error.Place, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
