namespace SplitActors.Inference.Tokenization;

/// <summary>The chars [Start, End) of a text.</summary>
internal readonly record struct TextPiece(string Text, int Start, int End)
{
    public int Length => End - Start;

    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    /// <summary>The chars [start, end) of this piece.</summary>
    public TextPiece Slice(int start, int end) => new(Text, Start + start, Start + end);
}
