namespace SplitActors.Inference.Json;

/// <summary>Text from outside, made fit for a message of one line.</summary>
public static class ShownText
{
    public const int CharsMax = 80;

    private const char Replacement = '\uFFFD';

    /// <summary>One line of at most <see cref="CharsMax"/> characters; '…' stands for the rest.</summary>
    public static string Of(string text) => OneLine(text.Length <= CharsMax ? text : text[..CharsMax] + "…");

    /// <summary>Control characters, line separators and lone surrogates become U+FFFD; a text without them is returned as it is.</summary>
    public static string OneLine(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!IsShown(text, i))
                return string.Create(text.Length, text, static (line, source) =>
                {
                    for (var j = 0; j < line.Length; j++)
                        line[j] = IsShown(source, j) ? source[j] : Replacement;
                });
        }

        return text;
    }

    private static bool IsShown(string text, int index) => text[index] switch
    {
        '\u2028' or '\u2029' => false,
        var c when char.IsHighSurrogate(c) => index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]),
        var c when char.IsLowSurrogate(c) => index > 0 && char.IsHighSurrogate(text[index - 1]),
        var c => !char.IsControl(c),
    };
}
