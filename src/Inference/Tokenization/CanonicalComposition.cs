using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace SplitActors.Inference.Tokenization;

/// <summary>
/// Unicode normalization form C [UAX 15]: decompose canonically, order combining marks by class, compose. By ourselves, because
/// string.Normalize returns its input unchanged where InvariantGlobalization is on.
/// </summary>
internal static class CanonicalComposition
{
    private const char FirstAffected = '\u0300'; // text below it is in form C already

    // Hangul syllables compose by arithmetic [Unicode 3.12].
    private const int HangulS = 0xAC00;
    private const int HangulL = 0x1100;
    private const int HangulV = 0x1161;
    private const int HangulT = 0x11A7;
    private const int CountL = 19;
    private const int CountV = 21;
    private const int CountT = 28;

    private static readonly Dictionary<int, int> ClassOf = ReadClasses();
    private static readonly Dictionary<(int First, int Second), int> CompositionOf = [];
    private static readonly Dictionary<int, (int First, int? Second)> DecompositionOf = ReadDecompositions(CompositionOf);

    /// <param name="text">Well-formed UTF-16.</param>
    public static string Apply(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', (char)(FirstAffected - 1)))
            return text;

        var characters = new List<int>(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, characters);

        Order(CollectionsMarshal.AsSpan(characters));
        var result = new StringBuilder(text.Length);
        foreach (var character in Compose(characters))
            result.Append(new Rune(character));
        return result.ToString();
    }

    private static void Decompose(int character, List<int> output)
    {
        if (character is >= HangulS and < HangulS + (CountL * CountV * CountT))
        {
            var index = character - HangulS;
            output.Add(HangulL + (index / (CountV * CountT)));
            output.Add(HangulV + (index / CountT % CountV));
            if (index % CountT > 0)
                output.Add(HangulT + (index % CountT));
        }
        else if (DecompositionOf.TryGetValue(character, out var parts))
        {
            Decompose(parts.First, output);
            if (parts.Second is { } second)
                output.Add(second); // which never decomposes further
        }
        else
            output.Add(character);
    }

    /// <summary>Sorts each run of marks by class and keeps the order within a class.</summary>
    private static void Order(Span<int> characters)
    {
        for (var start = 0; start < characters.Length; start++)
        {
            var end = start;
            while (end < characters.Length && ClassOf.ContainsKey(characters[end]))
                end++;
            if (end - start < 2)
                continue;

            var ordered = characters[start..end].ToArray().OrderBy(c => ClassOf[c]).ToArray(); // a stable sort
            ordered.CopyTo(characters[start..end]);
            start = end;
        }
    }

    private static List<int> Compose(List<int> characters)
    {
        var output = new List<int>(characters.Count);
        var starter = -1; // index in output
        var lastClass = -1; // of what stands between the starter and the next character; −1 for nothing
        foreach (var character in characters)
        {
            var markClass = ClassOf.GetValueOrDefault(character);
            if (starter >= 0 && lastClass < markClass && TryCompose(output[starter], character, out var composed))
            {
                output[starter] = composed;
                continue;
            }

            (starter, lastClass) = markClass == 0 ? (output.Count, -1) : (starter, markClass);
            output.Add(character);
        }

        return output;
    }

    private static bool TryCompose(int first, int second, out int composed)
    {
        var (l, v, s, t) = (first - HangulL, second - HangulV, first - HangulS, second - HangulT);
        if (l is >= 0 and < CountL && v is >= 0 and < CountV)
            composed = HangulS + (((l * CountV) + v) * CountT);
        else if (s is >= 0 and < CountL * CountV * CountT && s % CountT == 0 && t is > 0 and < CountT)
            composed = first + t;
        else
            return CompositionOf.TryGetValue((first, second), out composed);
        return true;
    }

    private static Dictionary<int, int> ReadClasses()
    {
        var classes = new Dictionary<int, int>();
        foreach (var entry in Entries(CanonicalCompositionData.CombiningClasses))
        {
            var parts = entry.Split(['.', ':'], StringSplitOptions.RemoveEmptyEntries);
            for (var c = Hex(parts[0]); c <= Hex(parts[1]); c++)
                classes.Add(c, int.Parse(parts[2], CultureInfo.InvariantCulture));
        }

        return classes;
    }

    private static Dictionary<int, (int First, int? Second)> ReadDecompositions(Dictionary<(int First, int Second), int> compositions)
    {
        var decompositions = new Dictionary<int, (int, int?)>();
        foreach (var entry in Entries(CanonicalCompositionData.Decompositions))
        {
            var parts = entry.Split('=', '>', '+');
            var (character, first, second) = (Hex(parts[0]), Hex(parts[1]), parts.Length > 2 ? Hex(parts[2]) : (int?)null);
            decompositions.Add(character, (first, second));
            if (entry.Contains('=', StringComparison.Ordinal))
                compositions.Add((first, second!.Value), character);
        }

        return decompositions;
    }

    private static string[] Entries(string table) =>
        table.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
