using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace SplitActors.Inference.Json;

/// <summary>JSON as RFC 8259 has it, in UTF-8: no comments, no trailing commas, no name twice in an object. A byte order mark in front is skipped.</summary>
internal static class StrictJson
{
    /// <summary>The readers recurse; no file in use nests deeper than 8.</summary>
    public const int DepthMax = 16;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = DepthMax };

    /// <param name="file">For messages.</param>
    /// <param name="utf8">Not copied: it must stay as it is while the element is in use.</param>
    /// <exception cref="UserErrorException">Not such JSON; names the line.</exception>
    public static JsonElement Parse(JsonPath file, ReadOnlyMemory<byte> utf8)
    {
        utf8 = ByteOrderMark.Skip(utf8);
        if (!Utf8.IsValid(utf8.Span))
            throw Error(file, "JSON in UTF-8", DescribeInvalidByte(utf8.Span), cause: null);

        try
        {
            return JsonDocument.Parse(utf8, Options).RootElement; // never disposed: its elements live as long as somebody holds one
        }
        catch (JsonException e)
        {
            throw Error(file, "a JSON object", Describe(e), e);
        }
        catch (InvalidOperationException e) // half a surrogate pair, as \uD800
        {
            throw Error(file, "names of valid Unicode", "one that is not", e);
        }
    }

    private static UserErrorException Error(JsonPath file, string expected, string found, Exception? cause) =>
        new(UserErrorKind.Checkpoint, $"{file}", expected, ShownText.OneLine(found), file.NextStep, cause);

    private static string Describe(JsonException error)
    {
        var positionAt = error.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal); // said better here, from 1 on
        var reason = (positionAt < 0 ? error.Message : error.Message[..positionAt]).TrimEnd('.');
        return error.LineNumber is { } line
            ? $"an error in line {line + 1}, byte {error.BytePositionInLine + 1} ({reason})"
            : $"an error ({reason})";
    }

    private static string DescribeInvalidByte(ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(utf8[at..], out _, out var bytes) == OperationStatus.Done)
            at += bytes;

        var before = utf8[..at];
        return $"0x{utf8[at]:x2} in line {before.Count((byte)'\n') + 1}, byte {at - before.LastIndexOf((byte)'\n')}";
    }
}
