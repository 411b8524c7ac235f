using SplitActors.Hosts.Files;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>A text file to measure, calibrate or plan with.</summary>
internal static class CodecText
{
    private const long BytesMax = 1L << 30;

    /// <exception cref="UserErrorException">It cannot be read, is too large, or is not UTF-8.</exception>
    public static string Read(string path)
    {
        if (InputFile.Read(path, BytesMax, out var found) is not { } bytes)
        {
            var kind = found == InputFile.MoreThan(BytesMax) ? UserErrorKind.Prompt : UserErrorKind.Options;
            throw new UserErrorException(kind, path, $"a text file of at most {BytesMax >> 20} MiB", found, "Name another file, or a part of it.");
        }

        return Utf8Text.Decode(bytes.Span, out var invalidAt) ?? throw new UserErrorException(
            UserErrorKind.Prompt, path, "UTF-8 text", $"bytes that are not, at byte {invalidAt}", "Convert it, for example with: iconv -t UTF-8");
    }
}
