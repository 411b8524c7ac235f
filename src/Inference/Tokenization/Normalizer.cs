namespace SplitActors.Inference.Tokenization;

/// <summary>What happens to the text before it is cut into words: nothing, or Unicode normalization form C.</summary>
internal sealed class Normalizer
{
    private Normalizer()
    {
    }

    public static Normalizer None { get; } = new();

    public static Normalizer Nfc { get; } = new();

    public string Apply(string text) => this == Nfc ? CanonicalComposition.Apply(text) : text;

    /// <summary>The piece itself where nothing changes.</summary>
    public TextPiece Apply(TextPiece piece)
    {
        if (this == None)
            return piece;

        var text = Apply(piece.Span.ToString());
        return new TextPiece(text, 0, text.Length);
    }
}
