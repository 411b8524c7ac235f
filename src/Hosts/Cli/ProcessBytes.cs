using System.CommandLine;
using System.Text;
using SplitActors.Hosts.Files;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// The bytes of the command line and of the environment. The runtime puts U+FFFD in the place of what is not UTF-8, and so the program would
/// continue a text that nobody gave, or open a file of another name.
/// </summary>
internal static class ProcessBytes
{
    private const char Replacement = '\uFFFD';
    private const int BytesMax = 64 << 20; // Linux allows less

    /// <exception cref="UserErrorException">An argument or a variable of this program's is not UTF-8.</exception>
    public static void RequireUtf8(string[] arguments, ParseResult parsed)
    {
        for (var index = 0; index < arguments.Length; index++)
        {
            if (arguments[index].Contains(Replacement) && InvalidByteOf(arguments.Length, index) is >= 0 and var at)
            {
                throw IsPrompt(parsed, arguments[index])
                    ? Wrong(UserErrorKind.Prompt, "The prompt", at)
                    : Wrong(UserErrorKind.Options, $"Argument {index + 1}", at);
            }
        }
    }

    /// <exception cref="UserErrorException">It is not UTF-8.</exception>
    public static void RequireUtf8(string variable, string value)
    {
        if (!value.Contains(Replacement))
            return;
        var start = Encoding.UTF8.GetBytes(variable + "=");
        foreach (var entry in Entries("/proc/self/environ"))
        {
            if (entry.Span.StartsWith(start) && Utf8Text.Decode(entry.Span[start.Length..], out var at) is null)
                throw Wrong(UserErrorKind.Options, variable, at);
        }
    }

    /// <summary>-1 if the argument is UTF-8, and has U+FFFD itself, or if its bytes are out of reach.</summary>
    private static int InvalidByteOf(int argumentCount, int index)
    {
        var entries = Entries("/proc/self/cmdline"); // the program's name comes first, and perhaps the runtime's
        return entries.Count > argumentCount && Utf8Text.Decode(entries[entries.Count - argumentCount + index].Span, out var at) is null ? at : -1;
    }

    /// <summary>What ends with a zero each; none where there is no such file.</summary>
    private static List<ReadOnlyMemory<byte>> Entries(string path)
    {
        var entries = new List<ReadOnlyMemory<byte>>();
        var rest = InputFile.Read(path, BytesMax, out _) ?? default;
        for (int end; (end = rest.Span.IndexOf((byte)0)) >= 0; rest = rest[(end + 1)..])
            entries.Add(rest[..end]);
        return entries;
    }

    private static bool IsPrompt(ParseResult parsed, string argument) =>
        parsed.CommandResult.Command.Arguments.Contains(RunSettings.Prompt) && parsed.GetValue(RunSettings.Prompt) == argument;

    private static UserErrorException Wrong(UserErrorKind kind, string place, int at) =>
        new(kind, place, "UTF-8 text", $"bytes that are not, at byte {at}", "Convert it, for example with: iconv -t UTF-8");
}
