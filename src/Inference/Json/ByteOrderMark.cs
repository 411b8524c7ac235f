namespace SplitActors.Inference.Json;

/// <summary>U+FEFF in front of a file of UTF-8, as some editors write it: it is no part of the text.</summary>
public static class ByteOrderMark
{
    /// <summary>The bytes after the mark, if there is one.</summary>
    public static ReadOnlyMemory<byte> Skip(ReadOnlyMemory<byte> utf8) => utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
}
