using System.Text;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Tests.Json;

public sealed class StrictJsonTests
{
    [Theory]
    [InlineData("", "a JSON object, found an error in line 1, byte 1 (")]
    [InlineData("{", "a JSON object, found an error in line 1, byte 2 (")]
    [InlineData("{\n \"a\": }", "a JSON object, found an error in line 2, byte 7 ('}' is an invalid start of a value)")]
    [InlineData("{} {}", "a JSON object, found an error in line 1, byte 4 (")]
    [InlineData("{} // note", "a JSON object, found an error in line 1, byte 4 (")]
    [InlineData("{\"a\":1,}", "a JSON object, found an error in line 1, byte 8 (")]
    [InlineData("{\"a\nb\":1}", "a JSON object, found an error in line 1, byte 4 (")]
    [InlineData("""{"a":NaN}""", "a JSON object, found an error in line 1, byte 6 (")]
    [InlineData("""{"a":1,"b":2,"a":3}""", "a JSON object, found an error (Duplicate property 'a'")]
    [InlineData("""{"a":1,"\u0061":2}""", "a JSON object, found an error (Duplicate property 'a'")]
    [InlineData("""{"x":[{"a":1,"a":2}]}""", "a JSON object, found an error (Duplicate property 'a'")]
    [InlineData("[]", "a JSON object, found []")]
    [InlineData("null", "a JSON object, found null")]
    [InlineData("7", "a JSON object, found 7")]
    public void Parse_NotAStrictObject_NamesFileAndLine(string json, string message)
    {
        var error = Refuses(Encoding.UTF8.GetBytes(json));
        Assert.StartsWith($"some.json: expected {message}", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(". Correct the file, or download it again.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"a":1,"b":[{"\udc00":{}}]}""")]
    [InlineData("""{"a":{"x":1,"\ud800\ud800":2}}""")]
    public void Parse_NameWithALoneSurrogate_IsRefused(string json) =>
        Assert.Contains("expected names of valid Unicode", Refuses(Encoding.UTF8.GetBytes(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"a":"?"}""", 1, 7)]
    [InlineData("?", 1, 1)]
    [InlineData("{\"é\":1,\n\"b\":2,\n \"?\":3}", 3, 3)]
    public void Parse_NotUtf8_NamesTheByte(string json, int line, int column)
    {
        var utf8 = Encoding.UTF8.GetBytes(json);
        utf8[Array.IndexOf(utf8, (byte)'?')] = 0xFF;
        var expected = $"expected JSON in UTF-8, found 0xff in line {line}, byte {column}. ";
        Assert.Contains(expected, Refuses(utf8).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TruncatedCharacterAtTheEnd_NamesTheByte() =>
        Assert.Contains("found 0xe2 in line 1, byte 3. ", Refuses([(byte)'{', (byte)'}', 0xE2, 0x82]).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_Depth_IsLimited()
    {
        Assert.Equal(1, JsonField.Parse("some.json", Nested(StrictJson.DepthMax)).Count);
        var error = Refuses(Nested(StrictJson.DepthMax + 1));
        Assert.Contains("expected a JSON object, found an error in line 1", error.Message, StringComparison.Ordinal);

        static byte[] Nested(int depth) =>
            Encoding.UTF8.GetBytes($$"""{"a":{{new string('[', depth - 1)}}{{new string(']', depth - 1)}}}""");
    }

    [Fact]
    public void Parse_NextStepGiven_EndsEveryMessage()
    {
        Assert.EndsWith(". Ask.", Refuses("["u8.ToArray(), "Ask.").Message, StringComparison.Ordinal);
        var root = JsonField.Parse("some.json", "{\"a\":{}}"u8.ToArray(), "Ask.");
        Assert.EndsWith(". Ask.", root.Field("a").Field("b").Error("x").Message, StringComparison.Ordinal);
        Assert.EndsWith(". Ask.", root.Field("a").At("elsewhere").Field("b").Error("x").Message, StringComparison.Ordinal);
    }

    private static UserErrorException Refuses(byte[] utf8, string? nextStep = null)
    {
        var error = Assert.Throws<UserErrorException>(
            () => nextStep is null ? JsonField.Parse("some.json", utf8) : JsonField.Parse("some.json", utf8, nextStep));
        Assert.Equal((UserErrorKind.Checkpoint, "some.json"), (error.Kind, error.Place));
        return error;
    }
}
