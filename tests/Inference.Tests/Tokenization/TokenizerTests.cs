using System.Text.Json;
using FsCheck.Fluent;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Tokenization;

public sealed class TokenizerTests
{
    private static readonly Tokenizer Quill = Tokenizer.Load(Repository.Quill);

    [Fact]
    public void Encode_GoldenTexts_GivesTheReferenceIds()
    {
        using var golden = ReadGolden();
        foreach (var item in golden.RootElement.GetProperty("tokenization").EnumerateArray())
        {
            var text = item.GetProperty("text").GetString()!;
            Assert.Equal(IdsOf(item), Quill.Encode(text, addSpecialTokens: false));
            Assert.Equal(text, Quill.Decode(IdsOf(item)));
        }
    }

    [Fact]
    public void Encode_GoldenPrompts_StartsWithTheTemplate()
    {
        using var golden = ReadGolden();
        foreach (var item in golden.RootElement.GetProperty("prompts").EnumerateArray())
            Assert.Equal(IdsOf(item), Quill.Encode(item.GetProperty("text").GetString()!, addSpecialTokens: true));
    }

    [Fact]
    public void Decode_OfEncode_IsTheText() => TextGenerator.ForAll(TextGenerator.Text, text =>
    {
        Assert.Equal(text, Quill.Decode(Quill.Encode(text, addSpecialTokens: false), skipSpecialTokens: false));
        Assert.Equal(text, Quill.Decode(Quill.Encode(text, addSpecialTokens: true, parseSpecialTokens: false)));
    });

    [Fact]
    public void Encode_SpecialTokensNotParsed_NeverGivesASpecialId() => TextGenerator.ForAll(TextGenerator.Text, text =>
        Assert.DoesNotContain(Quill.Encode(text, addSpecialTokens: false, parseSpecialTokens: false), Quill.IsSpecial));

    [Fact]
    public void Encode_HeldOutBook_RoundTripsOnSeveralThreads()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Quill, "heldout.txt"));
        var expected = Quill.Encode(text, addSpecialTokens: false);
        Assert.Equal(text, Quill.Decode(expected, skipSpecialTokens: false));

        var fresh = Tokenizer.Load(Repository.Quill);
        Parallel.For(0, 4, _ => Assert.Equal(expected, fresh.Encode(text, addSpecialTokens: false)));
    }

    [Fact]
    public void Encode_HeldOutBook_HasTheReferenceLength()
    {
        using var golden = ReadGolden();
        var text = File.ReadAllText(Path.Combine(Repository.Quill, "heldout.txt"));
        var ids = Quill.Encode(text, addSpecialTokens: false, parseSpecialTokens: false); // the reference reads its marks as text
        Assert.Equal(golden.RootElement.GetProperty("perplexity").GetProperty("tokens").GetInt32(), ids.Length);
    }

    [Fact]
    public void Encode_UnpairedSurrogate_CountsAsReplacementCharacter() =>
        Assert.Equal("a\uFFFDb", Quill.Decode(Quill.Encode("a\uD800b", addSpecialTokens: false)));

    [Fact]
    public void Encode_SpecialTokenInText_IsParsedOnlyIfAsked()
    {
        Assert.Equal([4095], Quill.Encode("<|end_of_text|>", addSpecialTokens: false));
        Assert.True(Quill.Encode("<|end_of_text|>", addSpecialTokens: false, parseSpecialTokens: false).Length > 1);
    }

    [Fact]
    public void Decode_SpecialTokens_AreSkippedUnlessAsked()
    {
        Assert.Equal("a", Quill.Decode([4094, 64, 4095]));
        Assert.Equal("<|begin_of_text|>a<|end_of_text|>", Quill.Decode([4094, 64, 4095], skipSpecialTokens: false));
    }

    [Fact]
    public void Decode_IdsWithoutTokens_GivesNothing() => Assert.Equal("a", Quill.Decode([-1, 64, 4096, int.MaxValue, int.MinValue]));

    [Fact]
    public void TryGetId_TakesTheSpellingOfTheFile()
    {
        Assert.Equal(4096, Quill.VocabularySize);
        Assert.True(Quill.TryGetId("<|begin_of_text|>", out var begin) && begin == 4094 && Quill.IsSpecial(begin));
        Assert.True(Quill.TryGetId("Ġ", out var space) && !Quill.IsSpecial(space));
        Assert.Equal(" "u8, Quill.BytesOf(space));
        Assert.False(Quill.TryGetId("no such token", out _));
        Assert.True(Quill.BytesOf(4096).IsEmpty);
    }

    private static JsonDocument ReadGolden() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Quill, "golden.json")));

    private static int[] IdsOf(JsonElement item) => [.. item.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
}
