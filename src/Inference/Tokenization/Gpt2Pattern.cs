using System.Globalization;
using System.Text;

namespace SplitActors.Inference.Tokenization;

/// <summary>
/// The GPT-2 pattern, scanned by hand: it is the only one that a `ByteLevel` pre-tokenizer implies, and a model that needs no other
/// starts without the regular expression engine. A property test holds it equal to <see cref="Source"/>.
/// </summary>
internal static class Gpt2Pattern
{
    public const string Source = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private enum CharacterClass
    {
        Space,
        Letter,
        Number,
        Other,
    }

    /// <summary>The length in chars of the match at the start of <paramref name="text"/>, which is not empty; at least 1.</summary>
    public static int MatchLength(ReadOnlySpan<char> text)
    {
        if (text[0] == '\'' && ContractionLength(text) is > 0 and var contraction)
            return contraction;

        var start = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        var first = ClassOf(text[start..], out _);
        if (first == CharacterClass.Space)
            return SpaceLength(text);

        var end = start;
        while (end < text.Length && ClassOf(text[end..], out var width) == first)
            end += width;
        return end;
    }

    private static int ContractionLength(ReadOnlySpan<char> text) => text switch
    {
        ['\'', 's' or 't' or 'm' or 'd', ..] => 2,
        ['\'', 'r' or 'v', 'e', ..] or ['\'', 'l', 'l', ..] => 3,
        _ => 0,
    };

    /// <summary>White space that a word follows leaves its last character to that word.</summary>
    private static int SpaceLength(ReadOnlySpan<char> text)
    {
        var end = text.Length - text.TrimStart().Length;
        return end < text.Length && end > 1 ? end - 1 : end;
    }

    private static CharacterClass ClassOf(ReadOnlySpan<char> text, out int width)
    {
        var c = text[0];
        width = 1;
        if (char.IsAscii(c))
        {
            return char.IsAsciiLetter(c) ? CharacterClass.Letter
                : char.IsAsciiDigit(c) ? CharacterClass.Number
                : char.IsWhiteSpace(c) ? CharacterClass.Space : CharacterClass.Other;
        }

        Rune.DecodeFromUtf16(text, out var rune, out width);
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => CharacterClass.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
            _ => Rune.IsWhiteSpace(rune) ? CharacterClass.Space : CharacterClass.Other,
        };
    }
}
