using System.Buffers;
using System.Globalization;
using System.Text;

namespace SplitActors.Inference.Tokenization;

/// <summary>A token that is cut out of the text before pre-tokenization.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="IsSpecial">It controls the model; see <see cref="Tokenizer.Encode"/>.</param>
/// <param name="IsNormalized">It is looked for in the normalized text, in its own normalized form, after all that are not.</param>
/// <param name="IsSingleWord">It counts only where no word character touches it.</param>
/// <param name="StripsLeft">It takes the white space before it along.</param>
/// <param name="StripsRight">It takes the white space after it along.</param>
internal sealed record AddedToken(
    int Id, string Content, bool IsSpecial, bool IsNormalized, bool IsSingleWord, bool StripsLeft, bool StripsRight);

/// <summary>A stretch of text that is one added token, or ordinary text where <paramref name="Token"/> is null.</summary>
internal sealed record TextSegment(TextPiece Piece, AddedToken? Token);

/// <summary>Finds added tokens: the leftmost first, and the longest of those that begin at the same place. Immutable.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Node _root = new();
    private readonly SearchValues<char> _firstChars;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        // Of tokens that normalization makes equal, the first special one is found, or else the first one.
        foreach (var token in tokens.Where(t => t.Content.Length > 0).OrderByDescending(t => t.IsSpecial))
        {
            var node = _root;
            foreach (var c in token.Content)
            {
                if (!node.Next.TryGetValue(c, out var next))
                    node.Next.Add(c, next = new Node());
                node = next;
            }

            node.Token ??= token;
        }

        _firstChars = SearchValues.Create([.. _root.Next.Keys]);
    }

    /// <summary>
    /// Cuts <paramref name="piece"/> into added tokens and the text between them, as Hugging Face's reader does: what a token takes along does not hide
    /// a token from the search, so white space may be taken along by one token and be another one too.
    /// </summary>
    public void Split(TextPiece piece, bool parseSpecialTokens, List<TextSegment> segments)
    {
        var text = piece.Span;
        var done = 0; // of the text: what segments hold
        var at = 0; // of the search
        while (at < text.Length)
        {
            var distance = text[at..].IndexOfAny(_firstChars);
            if (distance < 0)
                break;

            at += distance;
            if (LongestAt(text, at) is not { } token)
            {
                at++;
                continue;
            }

            var start = at;
            var end = at += token.Content.Length; // a shorter token inside a rejected one is not looked for
            if ((token.IsSpecial && !parseSpecialTokens) || (token.IsSingleWord && TouchesWord(text, start, end)))
                continue;

            if (token.StripsLeft)
                start = Math.Max(done, text[..start].TrimEnd().Length);
            if (token.StripsRight)
                end = text.Length - text[end..].TrimStart().Length;
            if (start >= end)
                continue; // all of it was taken along before, and nothing is left of it
            if (start > done)
                segments.Add(new TextSegment(piece.Slice(done, start), null));
            segments.Add(new TextSegment(piece.Slice(start, end), token));
            done = end;
        }

        if (done < text.Length)
            segments.Add(new TextSegment(piece.Slice(done, text.Length), null));
    }

    private AddedToken? LongestAt(ReadOnlySpan<char> text, int at)
    {
        AddedToken? longest = null;
        for (var node = _root; at < text.Length && node.Next.TryGetValue(text[at], out node); at++)
            longest = node.Token ?? longest;
        return longest;
    }

    private static bool TouchesWord(ReadOnlySpan<char> text, int start, int end) =>
        (Rune.DecodeLastFromUtf16(text[..start], out var before, out _) == OperationStatus.Done && IsWord(before))
        || (Rune.DecodeFromUtf16(text[end..], out var after, out _) == OperationStatus.Done && IsWord(after));

    /// <summary>\w of [UTS 18, Annex C]: by category, but for joiners and the letters in circles and squares, which are symbols by category.</summary>
    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.LetterNumber => true, // L*, M*, Nd, Nl
        UnicodeCategory.ConnectorPunctuation => true,
        _ => rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9)
            or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
    };

    private sealed class Node
    {
        public Dictionary<char, Node> Next { get; } = [];

        public AddedToken? Token { get; set; }
    }
}
