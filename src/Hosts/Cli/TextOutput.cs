using System.Text;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>Standard output, unbuffered: a text that is made is seen.</summary>
internal sealed class TextOutput : IDisposable
{
    private readonly Stream _stream = Console.OpenStandardOutput();

    /// <exception cref="UserErrorException">It cannot be written to.</exception>
    public void Write(string text)
    {
        try
        {
            _stream.Write(Encoding.UTF8.GetBytes(text));
            _stream.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(UserErrorKind.Output, "Standard output", "a place to write to", e.Message, "Free some space, or write elsewhere.", e);
        }
    }

    public void WriteLine(string text) => Write(text + "\n");

    public void Dispose() => _stream.Dispose();
}
