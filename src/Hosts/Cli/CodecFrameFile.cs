using System.Buffers;
using SplitActors.Hosts.Files;
using SplitActors.Inference;
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
        if (path == "-")
            return StandardInput.Read(BytesMax, UserErrorKind.Options, $"a frame of at most {BytesMax >> 20} MiB");
        return InputFile.Read(path, BytesMax, out var found) is { } bytes
            ? bytes.ToArray()
            : throw Wrong(place, $"a file with a frame of at most {BytesMax >> 20} MiB", found, "Correct the name.");
    }

    private static UserErrorException Wrong(string place, string expected, string found, string nextStep) =>
        new(UserErrorKind.Options, place, expected, found, nextStep);
}
