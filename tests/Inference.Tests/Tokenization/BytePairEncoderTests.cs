using System.Text.Json.Nodes;
using FsCheck.Fluent;

namespace SplitActors.Inference.Tests.Tokenization;

public sealed class BytePairEncoderTests
{
    private static readonly string[] Merges = ["a a", "aa aa", "a b", "b a", "ab ab", "aaaa b", "b b", "ba b"];

    [Fact]
    public void Encode_AnyWord_EqualsTheDefinition()
    {
        var tokenizer = TokenizerJson.WithMerges(Merges).Load();
        var word = Gen.Elements('a', 'a', 'b').ArrayOf().Select(letters => new string(letters)).ToArbitrary();
        TextGenerator.ForAll(word, text => Assert.Equal(MergeNaively(text), tokenizer.Tokens(text)), caseCount: 1000);
    }

    [Theory]
    [InlineData('a')] // merges at every step
    [InlineData('z')] // never merges
    public void Encode_MegabyteWord_RoundTrips(char letter)
    {
        var tokenizer = TokenizerJson.WithMerges(Merges).Load();
        var text = new string(letter, 1 << 20);
        var ids = tokenizer.Encode(text, addSpecialTokens: false);
        Assert.Equal(letter == 'a' ? text.Length / 4 : text.Length, ids.Length);
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Fact]
    public void Encode_MergesAsArrays_EqualsMergesAsStrings()
    {
        var document = TokenizerJson.WithMerges(Merges);
        var asStrings = document.Load();
        document["model"]!["merges"] = new JsonArray([.. Merges.Select(m => new JsonArray([.. m.Split(' ').Select(t => (JsonNode)t)]))]);
        Assert.Equal(asStrings.Tokens("abaaaabbab"), document.Load().Tokens("abaaaabbab"));
    }

    [Theory]
    [InlineData(false, new[] { "a", "b", "c" })]
    [InlineData(true, new[] { "abc" })]
    public void Encode_WholeWordInVocabulary_IsPreferredOnlyIfMergesAreIgnored(bool ignoresMerges, string[] expected)
    {
        var document = TokenizerJson.WithMerges();
        document["model"]!["vocab"]!["abc"] = 256;
        document["model"]!["ignore_merges"] = ignoresMerges;
        Assert.Equal(expected, document.Load().Tokens("abc"));
    }

    [Fact]
    public void Encode_MergesIgnored_DoesNotForgeASpecialToken()
    {
        var document = TokenizerJson.WithMerges().With("pre_tokenizer", TokenizerJson.SplitThenBytes("never"));
        document["model"]!["vocab"]!["<end>"] = 256;
        document["model"]!["ignore_merges"] = true;
        document["added_tokens"]!.AsArray().Add(TokenizerJson.AddedToken(256, "<end>", "special"));
        Assert.Equal(5, document.Load().Encode("<end>", addSpecialTokens: false, parseSpecialTokens: false).Length);
    }

    [Fact]
    public void Encode_ByteWithoutToken_NamesTheByte()
    {
        var document = TokenizerJson.WithMerges();
        document["model"]!["vocab"]!.AsObject().Remove("b");
        var error = Assert.Throws<UserErrorException>(() => document.Load().Encode("abc", addSpecialTokens: false));
        Assert.Contains("model.vocab: expected a token 'b' for byte 0x62", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, new[] { 97, 63, 63, 99 })]
    [InlineData(true, new[] { 97, 63, 99 })]
    public void Encode_ByteWithoutToken_BecomesTheUnknownToken(bool isFused, int[] expected)
    {
        var document = TokenizerJson.WithMerges();
        document["model"]!["vocab"]!.AsObject().Remove("b");
        document["model"]!["unk_token"] = "?";
        document["model"]!["fuse_unk"] = isFused;
        Assert.Equal(expected, document.Load().Encode("abbc", addSpecialTokens: false));
    }

    /// <summary>One merge at a time: the lowest rank, and the leftmost of equals.</summary>
    private static string[] MergeNaively(string word)
    {
        var symbols = word.Select(c => c.ToString()).ToList();
        while (true)
        {
            var ranks = symbols.Zip(symbols.Skip(1), (a, b) => Array.IndexOf(Merges, $"{a} {b}")).ToList();
            if (!ranks.Exists(rank => rank >= 0))
                return [.. symbols];

            var at = ranks.IndexOf(ranks.Where(rank => rank >= 0).Min());
            symbols[at] += symbols[at + 1];
            symbols.RemoveAt(at + 1);
        }
    }
}
