namespace SplitActors.Hosts.Cli;

/// <summary>What somebody who mistyped a name may have meant.</summary>
internal static class NearestName
{
    private const int LettersOfAMistake = 4; // one letter in so many may be wrong

    /// <returns>The name with the fewest letters changed, inserted or left out; null if none is near. Dashes and underscores do not count.</returns>
    public static string? Of(string mistyped, IEnumerable<string> known)
    {
        var letters = Letters(mistyped);
        var nearest = known.MinBy(name => Distance(letters, Letters(name)));
        return nearest is not null && Distance(letters, Letters(nearest)) <= 1 + (letters.Length / LettersOfAMistake) ? nearest : null;
    }

    private static string Letters(string name) =>
        name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>Levenshtein's, a row at a time.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}
