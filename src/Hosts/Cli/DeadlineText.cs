using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;

namespace SplitActors.Hosts.Cli;

/// <summary>A deadline as users write it, and what became of it.</summary>
internal static class DeadlineText
{
    private const double SecondsMin = 1e-6; // as messages have it
    private const double SecondsMax = 3600;

    /// <summary>Null if the text is no time from a microsecond to an hour; <c>/token</c> may follow.</summary>
    public static TimeSpan? Parse(string text)
    {
        const string perToken = "/token";
        var time = text.EndsWith(perToken, StringComparison.Ordinal) ? text[..^perToken.Length] : text;
        return LinkText.Time(time) is >= SecondsMin and <= SecondsMax and var seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    /// <summary>What is promised now.</summary>
    public static string Describe(TimeSpan asked, Deadline deadline) => deadline.PromisedUs > asked.TotalMicroseconds
        ? Text($"degraded: {deadline.PromisedUs / 1000.0:0.###} ms for each token instead of {asked.TotalMilliseconds:0.###} ms; {deadline.Detail}")
        : Text($"the deadline of {asked.TotalMilliseconds:0.###} ms for each token is promised again");

    public static IEnumerable<(string Name, string Value)> Rows(Ledger ledger, TimeSpan? asked)
    {
        if (asked is not { } deadline)
            yield break;
        var total = ledger.Total;
        var counts = $"{total.KeptCount} kept, {total.DegradedCount} later but as told before, {total.MissedCount} missed";
        yield return ("deadline", Text($"{Verdict(ledger)}: {deadline.TotalMilliseconds:0.###} ms for each token after the first; {counts}"));
    }

    /// <summary>Of the response as a whole: one late token is enough.</summary>
    public static string Verdict(Ledger ledger) => ledger.IsDegraded ? "degraded" : "kept";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
