using System.Text;

namespace SplitActors.Inference.Tokenization;

/// <summary>
/// Turns ids into text as they come. The bytes of an unfinished character wait for the ids that finish it, so the concatenation of all
/// <see cref="Append"/> results and <see cref="Flush"/> is what <see cref="Tokenizer.Decode"/> gives for all ids. For one thread.
/// </summary>
public sealed class StreamingDetokenizer(Tokenizer tokenizer, bool skipSpecialTokens = true)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>The text that <paramref name="id"/> completes; often empty, never half a character.</summary>
    public string Append(int id) =>
        skipSpecialTokens && tokenizer.IsSpecial(id) ? "" : Decode(tokenizer.BytesOf(id), flush: false);

    /// <summary>Ends the text: U+FFFD if a character was left unfinished, otherwise nothing.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[_decoder.GetCharCount(bytes, flush)];
        var count = _decoder.GetChars(bytes, chars, flush);
        return new string(chars, 0, count);
    }
}
