using System.Text;
using FsCheck.Fluent;
using SplitActors.Inference.Tokenization;
using SplitActors.Tests.Shared;

namespace SplitActors.Inference.Tests.Tokenization;

public sealed class StreamingDetokenizerTests
{
    private static readonly Tokenizer Quill = Tokenizer.Load(Repository.Quill);

    [Fact]
    public void Append_AnyIds_AddsUpToDecode()
    {
        var id = Gen.Frequency((4, Gen.Choose(94, 255)), (2, Gen.Choose(0, 4095)), (1, Gen.Choose(-2, 4100))); // mostly bytes above ASCII
        TextGenerator.ForAll(id.ArrayOf().ToArbitrary(), ids =>
        {
            foreach (var skipSpecialTokens in (bool[])[true, false])
                Assert.Equal(Quill.Decode(ids, skipSpecialTokens), string.Concat(Stream(ids, skipSpecialTokens)));
        }, caseCount: 2000);
    }

    [Fact]
    public void Append_AnyText_NeverGivesHalfACharacter() => TextGenerator.ForAll(TextGenerator.Text, text =>
    {
        var pieces = Stream(Quill.Encode(text, addSpecialTokens: true), skipSpecialTokens: false);
        Assert.All(pieces, piece => Assert.Equal(piece, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(piece))));
        Assert.Equal("", pieces[^1]);
    });

    [Fact]
    public void Append_BytesOfOneCharacter_WaitForTheLast()
    {
        var ids = Quill.Encode("😀", addSpecialTokens: false);
        Assert.True(ids.Length > 1);
        Assert.Equal([.. Enumerable.Repeat("", ids.Length - 1), "😀", ""], Stream(ids, skipSpecialTokens: true));
    }

    [Fact]
    public void Flush_UnfinishedCharacter_IsReplacedOnce()
    {
        var ids = Quill.Encode("😀", addSpecialTokens: false)[..^1];
        var stream = new StreamingDetokenizer(Quill);
        Assert.All(ids, id => Assert.Equal("", stream.Append(id)));
        Assert.Equal("\uFFFD", stream.Flush());
        Assert.Equal("", stream.Flush());
    }

    private static List<string> Stream(int[] ids, bool skipSpecialTokens)
    {
        var stream = new StreamingDetokenizer(Quill, skipSpecialTokens);
        return [.. ids.Select(stream.Append), stream.Flush()];
    }
}
