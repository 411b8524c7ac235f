using System.Text;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>A file of UTF-8 text to measure with.</summary>
internal static class CodecText
{
    private const long BytesMax = 1L << 30;

    /// <exception cref="UserErrorException">It cannot be read, is too large, or is not UTF-8.</exception>
    public static string Read(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > BytesMax } file)
                throw Wrong(UserErrorKind.Prompt, path, $"a text of at most {BytesMax >> 20} MiB", $"{file.Length >> 20} MiB", "Take a part of it.");
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(Utf8File.Read(path, UserErrorKind.Prompt).Span);
        }
        catch (DecoderFallbackException e)
        {
            throw Wrong(UserErrorKind.Prompt, path, "UTF-8 text", $"bytes that are not, at byte {e.Index}", "Convert it, for example with: iconv -t UTF-8", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Wrong(UserErrorKind.Options, path, "a text file that can be read", e.Message.TrimEnd('.'), "Correct the name.", e);
        }
    }

    private static UserErrorException Wrong(UserErrorKind kind, string path, string expected, string found, string nextStep, Exception? cause = null) =>
        new(kind, path, expected, found, nextStep, cause);
}
