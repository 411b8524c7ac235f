using System.Text.Json;
using SplitActors.Actors.Links;
using SplitActors.Hosts.Files;
using SplitActors.Inference;
using SplitActors.Inference.Json;
using SplitActors.Inference.Planning.Links;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Messages that crossed a link: a line <c>{"bytes": 812, "ms": 14.2}</c> for each in one direction, <c>{"lost": true}</c> for one that did
/// not arrive.
/// </summary>
internal static class MeasuredLinkFile
{
    private const int LinesMax = 1_000_000;
    private const long BytesMax = 64L * LinesMax;
    private const long MessageBytesMax = 1L << 40;
    private const double MillisecondsMax = 3.6e6; // an hour

    /// <param name="path">Of the file.</param>
    /// <param name="place">The option that the error is about.</param>
    /// <exception cref="UserErrorException">It cannot be read, a line is malformed, or fewer than two messages arrived.</exception>
    public static MeasuredLink Read(string path, string place)
    {
        var link = new MeasuredLink(LinkProfile.OutageTargetDefault);
        var number = 0;
        foreach (var line in ReadLines(path, place))
        {
            number++;
            if (number > LinesMax)
                throw Wrong($"{path}, line {number}", $"at most {LinesMax} lines", "more", "Leave the oldest out.");
            if (!string.IsNullOrWhiteSpace(line) && !TryAdd(link, line))
                throw Wrong($"{path}, line {number}", "{\"bytes\": N, \"ms\": T} or {\"lost\": true}", $"'{ShownText.Of(line)}'", "Correct it, or leave it out.");
        }

        var arrived = link.Estimate()?.MessageCount ?? 0;
        return arrived >= 2 ? link : throw Wrong(path, "at least two messages that arrived", $"{arrived}", "Measure more.");
    }

    private static string[] ReadLines(string path, string place)
    {
        if (InputFile.Read(path, BytesMax, out var found) is not { } bytes)
            throw Wrong(place, "a file of measured messages after measured:", $"{found} '{ShownText.Of(path)}'", "Correct the path.");
        var text = Utf8Text.Decode(bytes.Span, out var invalidAt)
            ?? throw Wrong(path, "UTF-8 text", $"bytes that are not, at byte {invalidAt}", "Name a file of measured messages.");
        return text.ReplaceLineEndings("\n").Split('\n');
    }

    private static bool TryAdd(MeasuredLink link, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var message = document.RootElement;
            if (message.ValueKind != JsonValueKind.Object)
                return false;
            if (message.TryGetProperty("lost", out var lost) && lost.ValueKind == JsonValueKind.True)
            {
                link.Lost();
                return true;
            }

            if (!message.TryGetProperty("bytes", out var bytes) || !bytes.TryGetInt64(out var byteCount) || byteCount is < 0 or > MessageBytesMax
                || !message.TryGetProperty("ms", out var ms) || !ms.TryGetDouble(out var milliseconds) || !(milliseconds is >= 0 and <= MillisecondsMax))
            {
                return false;
            }

            link.Arrived(byteCount, milliseconds / 1e3);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // a number that is none
        {
            return false;
        }
    }

    private static UserErrorException Wrong(string place, string expected, string found, string nextStep) =>
        new(UserErrorKind.Options, place, expected, found, nextStep);
}
