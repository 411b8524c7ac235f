using System.Buffers;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Compression;

namespace SplitActors.Hosts.Cli;

/// <summary>A file or standard input with one frame: its bytes, or hexadecimal digits with or without spaces between them.</summary>
internal static class CodecFrameFile
{
    private const int BytesMax = 3 * (FrameLimits.PayloadBytesMax / 4); // hexadecimal digits and spaces of a large frame, within an array

    private static readonly SearchValues<byte> HexText = SearchValues.Create("0123456789abcdefABCDEF \t\r\n"u8);

    /// <param name="path">"-" for standard input.</param>
    /// <exception cref="UserErrorException">It cannot be read, is empty or too large, or has half a byte.</exception>
    public static byte[] Read(string path)
    {
        var place = path == "-" ? "Standard input" : path;
        var bytes = ReadAll(path, place);
        if (bytes.AsSpan().ContainsAnyExcept(HexText))
            return bytes;
        var digits = bytes.Where(value => !char.IsWhiteSpace((char)value)).Select(value => (char)value).ToArray();
        if (digits.Length == 0)
            throw Wrong(place, "a frame", "nothing", "Write one with: splitactors codec measure --save-frames DIR");
        return digits.Length % 2 == 0
            ? Convert.FromHexString(digits)
            : throw Wrong(place, "two hexadecimal digits for each byte", $"{digits.Length} digits", "Add the missing one.");
    }

    private static byte[] ReadAll(string path, string place)
    {
        try
        {
            using var stream = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            using var bytes = new MemoryStream();
            var buffer = new byte[1 << 16];
            for (int count; (count = stream.Read(buffer)) > 0;)
            {
                bytes.Write(buffer, 0, count);
                if (bytes.Length > BytesMax)
                    throw Wrong(place, $"a frame of at most {BytesMax >> 20} MiB", "more", "Name a file with one frame.");
            }

            GitLfsPointer.Refuse(place, bytes.GetBuffer().AsSpan(0, (int)Math.Min(bytes.Length, GitLfsPointer.BytesMax)), UserErrorKind.Options);
            return bytes.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Wrong(place, "a file that can be read", e.Message.TrimEnd('.'), "Correct the name.", e);
        }
    }

    private static UserErrorException Wrong(string place, string expected, string found, string nextStep, Exception? cause = null) =>
        new(UserErrorKind.Options, place, expected, found, nextStep, cause);
}
