using SplitActors.Hosts.Files;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>Standard input, where a command needs it.</summary>
internal static class StandardInput
{
    private const string Place = "Standard input";

    /// <summary>
    /// Ends a command that would wait for ever: where the stream was closed when the process began (<c>&lt;&amp;-</c>), its number stands for
    /// something of the runtime's own by now.
    /// </summary>
    /// <exception cref="UserErrorException">It is closed.</exception>
    public static void Require(UserErrorKind kind, string expected)
    {
        if (!StreamDescriptor.WasInherited(StreamDescriptor.Input))
            throw new UserErrorException(kind, Place, expected, "a closed stream", "Read from a file or a pipe, or leave out <&-.");
    }

    /// <summary>Reads it to its end.</summary>
    /// <param name="bytesMax">A longer one is not read to its end.</param>
    /// <param name="kind">Of the error.</param>
    /// <param name="expected">What it should be.</param>
    /// <exception cref="UserErrorException">It is closed, cannot be read, or is too long.</exception>
    public static byte[] Read(int bytesMax, UserErrorKind kind, string expected)
    {
        Require(kind, expected);
        try
        {
            var bytes = new MemoryStream();
            using var input = Console.OpenStandardInput();
            var buffer = new byte[1 << 16];
            for (int count; (count = input.Read(buffer)) > 0;)
            {
                bytes.Write(buffer, 0, count);
                if (bytes.Length > bytesMax)
                    throw new UserErrorException(kind, Place, expected, "more", "Shorten it.");
            }

            return bytes.ToArray();
        }
        catch (Exception e) when (FileFault.Is(e))
        {
            throw new UserErrorException(kind, Place, expected, FileFault.Describe(e), "Read from a file or a pipe.", e);
        }
    }
}
