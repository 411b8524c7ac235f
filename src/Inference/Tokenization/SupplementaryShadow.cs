using System.Buffers;
using System.Globalization;
using System.Text;

namespace SplitActors.Inference.Tokenization;

/// <summary>
/// A copy of a text with one char per character, to match regular expressions on: .NET sees a character above U+FFFF as two chars of
/// category Cs, so \p{L} would miss U+20BB7. Here each is replaced by a rare char of its own category below U+10000.
/// </summary>
/// <param name="Chars">[characters]</param>
/// <param name="IndexOf">[characters + 1], where each begins in the text.</param>
internal sealed record SupplementaryShadow(char[] Chars, int[] IndexOf)
{
    /// <returns>Null for a text that needs no shadow.</returns>
    public static SupplementaryShadow? Of(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyInRange('\uD800', '\uDFFF'))
            return null;

        var chars = new List<char>(text.Length);
        var indexOf = new List<int>(text.Length + 1);
        for (var at = 0; at < text.Length;)
        {
            var isCharacter = Rune.DecodeFromUtf16(text[at..], out var rune, out var width) == OperationStatus.Done;
            chars.Add(isCharacter && width == 2 ? StandInFor(Rune.GetUnicodeCategory(rune)) : text[at]);
            indexOf.Add(at);
            at += width;
        }

        indexOf.Add(text.Length);
        return new SupplementaryShadow([.. chars], [.. indexOf]);
    }

    /// <summary>A char of this category that no known pattern names by itself or in a range; its category is tested.</summary>
    internal static char StandInFor(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u10A0', // Georgian capital an
        UnicodeCategory.LowercaseLetter => '\uAB30', // barred alpha
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\uA4F8', // Lisu tone
        UnicodeCategory.OtherLetter => '\uA4D0', // Lisu ba
        UnicodeCategory.NonSpacingMark => '\uFE20',
        UnicodeCategory.SpacingCombiningMark => '\uA823', // Syloti Nagri
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\uA8D0', // Saurashtra zero
        UnicodeCategory.LetterNumber => '\u16EE', // runic arlaug
        UnicodeCategory.OtherNumber => '\uA830', // North Indic quarter
        UnicodeCategory.ConnectorPunctuation => '\u2040',
        UnicodeCategory.DashPunctuation => '\u2E17',
        UnicodeCategory.OpenPunctuation => '\u2E22',
        UnicodeCategory.ClosePunctuation => '\u2E23',
        UnicodeCategory.InitialQuotePunctuation => '\u2E02',
        UnicodeCategory.FinalQuotePunctuation => '\u2E03',
        UnicodeCategory.OtherPunctuation => '\uA874', // Phags-pa
        UnicodeCategory.MathSymbol => '\u2A00',
        UnicodeCategory.CurrencySymbol => '\uA838', // North Indic rupee
        UnicodeCategory.ModifierSymbol => '\uA700',
        UnicodeCategory.OtherSymbol => '\u4DC0', // hexagram
        UnicodeCategory.Format => '\uFFF9',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\uFDD0', // a noncharacter, Cn
    };
}
