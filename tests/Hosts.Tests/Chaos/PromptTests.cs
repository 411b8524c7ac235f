using SplitActors.Actors;
using SplitActors.Hosts.Chaos;
using SplitActors.Inference;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.Hosts.Tests.Chaos;

public sealed class PromptTests
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(Repository.Quill);

    [Theory]
    [InlineData(2)]
    [InlineData(32)]
    [InlineData(256)]
    [InlineData(500)]
    public void Text_HasSoManyTokens(int tokenCount)
    {
        var text = Prompt.TextOf(tokenCount, Tokenizer, new SplitMix64(7));

        Assert.Equal(tokenCount, Tokenizer.Encode(text, addSpecialTokens: true, parseSpecialTokens: false).Length);
        Assert.Matches("^[A-Za-z ]+$", text);
        Assert.NotEqual(text, Prompt.TextOf(tokenCount, Tokenizer, new SplitMix64(8)), StringComparer.Ordinal);
    }

    [Fact]
    public void Text_OfNoTokens_IsRefused() => Assert.Throws<UserErrorException>(() => Prompt.TextOf(0, Tokenizer, new SplitMix64(7)));
}
