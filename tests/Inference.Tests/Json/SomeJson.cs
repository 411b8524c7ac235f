using System.Text;
using SplitActors.Inference.Json;

namespace SplitActors.Inference.Tests.Json;

/// <summary>Fields of a file <c>some.json</c>, and what reading them says.</summary>
internal static class SomeJson
{
    public const int Max = 100;

    public static JsonField Parse(string json) => JsonField.Parse("some.json", Encoding.UTF8.GetBytes(json));

    public static JsonField A(string json) => Parse(json).Field("a");

    public static JsonField Value(string value) => A($"{{\"a\":{value}}}");

    public static void Refuses(Func<object?> read, string place, string expectedAndFound)
    {
        var error = Assert.Throws<UserErrorException>(() => read());
        Assert.Equal((UserErrorKind.Checkpoint, $"some.json, {place}"), (error.Kind, error.Place));
        Assert.Contains($": expected {expectedAndFound}", error.Message, StringComparison.Ordinal);
    }
}
