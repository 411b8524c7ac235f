using System.Globalization;
using System.Text;

namespace SplitActors.Inference.Tokenization;

/// <summary>Cuts text into the words that byte-pair encoding does not merge across. Immutable.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Appends the words of a piece that is not empty, in order.</summary>
    public abstract void Split(TextPiece piece, List<TextPiece> words);
}

/// <summary>Each step cuts what the step before it left.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public override void Split(TextPiece piece, List<TextPiece> words)
    {
        List<TextPiece> current = [piece];
        foreach (var step in steps)
        {
            var next = new List<TextPiece>(current.Count);
            foreach (var part in current)
                step.Split(part, next);
            current = next;
        }

        words.AddRange(current);
    }
}

/// <summary>The `ByteLevel` pre-tokenizer, except that bytes are spelled later, by <see cref="BytePairEncoder"/>.</summary>
internal sealed class ByteLevelPreTokenizer(bool addsPrefixSpace, bool usesGpt2Pattern) : PreTokenizer
{
    public override void Split(TextPiece piece, List<TextPiece> words)
    {
        if (addsPrefixSpace && piece.Span[0] != ' ')
        {
            var text = $" {piece.Span}";
            piece = new TextPiece(text, 0, text.Length);
        }

        if (!usesGpt2Pattern)
        {
            words.Add(piece);
            return;
        }

        for (var start = 0; start < piece.Length;)
        {
            var end = start + Gpt2Pattern.MatchLength(piece.Span[start..]);
            words.Add(piece.Slice(start, end));
            start = end;
        }
    }
}

/// <summary>The `Digits` pre-tokenizer: numbers (categories N*) apart from everything else, whole or character by character.</summary>
internal sealed class DigitsPreTokenizer(bool isolatesEach) : PreTokenizer
{
    public override void Split(TextPiece piece, List<TextPiece> words)
    {
        var (start, wasNumber) = (0, false);
        for (var at = 0; at < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.Span[at..], out var rune, out var width);
            var isNumber = Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
            if (at > start && (isNumber != wasNumber || (isNumber && isolatesEach)))
            {
                words.Add(piece.Slice(start, at));
                start = at;
            }

            wasNumber = isNumber;
            at += width;
        }

        words.Add(piece.Slice(start, piece.Length));
    }
}
