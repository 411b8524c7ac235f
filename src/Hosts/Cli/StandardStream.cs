using System.Text;
using SplitActors.Hosts.Files;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Standard output or standard error as unbuffered UTF-8: a text that is made is seen. Output that cannot be written ends the program, with a
/// message unless its reader has simply read enough; a message that cannot be written is dropped.
/// </summary>
internal sealed class StandardStream : TextWriter
{
    private readonly Stream _stream;
    private readonly Encoder _encoder = Encoding.UTF8.GetEncoder();
    private readonly bool _isOutput;
    private readonly bool _isOpen;

    private StandardStream(Stream stream, bool isOutput)
    {
        (_stream, _isOutput) = (stream, isOutput);
        _isOpen = StreamDescriptor.WasInherited(isOutput ? StreamDescriptor.Output : StreamDescriptor.Error);
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

    /// <exception cref="ReaderGoneException">It is standard output, and nobody reads it any more.</exception>
    /// <exception cref="UserErrorException">It is standard output and cannot be written to.</exception>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (!_isOpen)
        {
            if (_isOutput)
                throw Unwritable("an open stream", "a closed one", "Leave out >&-; >/dev/null drops the output.");
            return;
        }

        if (_isOutput && OutputPipe.HasNoReader())
            throw new ReaderGoneException();
        var bytes = new byte[_encoder.GetByteCount(buffer, flush: false)];
        _encoder.GetBytes(buffer, bytes, flush: false);
        try
        {
            _stream.Write(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_isOutput)
                throw Unwritable("a place to write to", FileFault.Describe(e), "Free some space, or write elsewhere.", e);
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

/// <summary>Whoever read standard output has read enough, as in <c>splitactors … | head -1</c>; that is no mistake of anybody's.</summary>
internal sealed class ReaderGoneException() : Exception("Nobody reads standard output.");
