using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace SplitActors.Inference.Tests.Tokenization;

/// <summary>Random text with many boundaries of the kind that tokenizers trip over.</summary>
internal static class TextGenerator
{
    private static readonly string[] Tricky =
    [
        " ", " ", " ", "  ", "\t", "\n", "\r\n", "\u0085", "\u00A0", "\u2003", "\u2028", "\u3000", "\u200D", "\u180E", "\u001C",
        "'", "'s", "'T", "'re", "'ve", "'m", "'ll", "'d", "don't", "a", "the", "Ab", "é", "e\u0301", "ß", "日本", "ﬁ", "ǅ", "ʰ",
        "1", "23", "4567", "½", "Ⅷ", "٣", "!", "...", "—", "_", "<", "<|end_of_text|>", "<|begin_of_text|>", "Ġ", "Ċ",
        "𠮷", "𝐀", "𝟘", "😀", "👩\u200D🚀", "𐒠", "\U0001E2EC", "\U000E0041", "\U0010FFFF", "\uFFFD", "\uFEFF", "\0",
    ];

    private static readonly Gen<string> AnyRune =
        Gen.Choose(0, 0x10FFFF).Where(c => Rune.IsValid(c)).Select(c => new Rune(c).ToString());

    /// <summary>Any well-formed UTF-16.</summary>
    public static Arbitrary<string> Text { get; } =
        Gen.Frequency((9, Gen.Elements(Tricky)), (1, AnyRune)).ArrayOf().Select(string.Concat).ToArbitrary();

    /// <summary>Throws with the seed to replay if <paramref name="holds"/> fails for a case.</summary>
    public static void ForAll<T>(Arbitrary<T> cases, Action<T> holds, int caseCount = 300) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(caseCount), Prop.ForAll(cases, holds));
}
