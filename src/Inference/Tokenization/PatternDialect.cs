namespace SplitActors.Inference.Tokenization;

/// <summary>
/// tokenizer.json holds Oniguruma patterns. Most of what .NET cannot read makes its parser fail, so that the user hears of it; this
/// finds what both accept but read differently.
/// </summary>
internal static class PatternDialect
{
    /// <returns>What cannot be carried over, or null.</returns>
    public static string? Objection(string pattern)
    {
        var isInClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (char.IsSurrogate(c))
                return "a character above U+FFFF in it";

            if (c == '\\')
                i++;
            else if (!isInClass && c == '[')
            {
                isInClass = true;
                i += StartsWithBracket(pattern.AsSpan(i + 1)); // "[]a]" and "[^]a]" hold a literal bracket
            }
            else if (isInClass && c == '[')
                return "a set within a set";
            else if (isInClass && c == '&' && i + 1 < pattern.Length && pattern[i + 1] == '&')
                return "an intersection of sets (&&)";
            else if (c == ']')
                isInClass = false;
        }

        return null;
    }

    private static int StartsWithBracket(ReadOnlySpan<char> set) => set switch
    {
        [']', ..] => 1,
        ['^', ']', ..] => 2,
        _ => 0,
    };
}
