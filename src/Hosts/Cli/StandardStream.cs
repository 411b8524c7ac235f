using System.Text;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Standard output or standard error as unbuffered UTF-8: a text that is made is seen. What cannot be written ends the program with a
/// message if it is output, and is dropped if it is a message itself.
/// </summary>
internal sealed class StandardStream : TextWriter
{
    private readonly Stream _stream;
    private readonly Encoder _encoder = Encoding.UTF8.GetEncoder();
    private readonly bool _isOutput;

    private StandardStream(Stream stream, bool isOutput)
    {
        _stream = stream;
        _isOutput = isOutput;
        CoreNewLine = ['\n'];
    }

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Puts these in the place of <see cref="Console.Out"/> and <see cref="Console.Error"/>.</summary>
    public static void Install()
    {
        Console.SetOut(new StandardStream(Console.OpenStandardOutput(), isOutput: true));
        Console.SetError(new StandardStream(Console.OpenStandardError(), isOutput: false));
    }

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <exception cref="UserErrorException">It is standard output and cannot be written to.</exception>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (_isOutput && OutputPipe.HasNoReader())
            throw Unwritable("a reader", "a closed pipe", "Let the reader read to the end.");
        var bytes = new byte[_encoder.GetByteCount(buffer, flush: false)];
        _encoder.GetBytes(buffer, bytes, flush: false);
        try
        {
            _stream.Write(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_isOutput)
                throw Unwritable("a place to write to", e.Message.TrimEnd('.'), "Free some space, or write elsewhere.", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _stream.Dispose();
        base.Dispose(disposing);
    }

    private static UserErrorException Unwritable(string expected, string found, string nextStep, Exception? cause = null) =>
        new(UserErrorKind.Output, "Standard output", expected, found, nextStep, cause);
}
