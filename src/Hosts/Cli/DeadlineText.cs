using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;

namespace SplitActors.Hosts.Cli;

/// <summary>A deadline and what became of it, for people.</summary>
internal static class DeadlineText
{
    /// <summary>What is promised now.</summary>
    public static string Describe(TimeSpan asked, Deadline deadline) => deadline.PromisedUs > asked.TotalMicroseconds
        ? Text($"degraded: {deadline.PromisedUs / 1000.0:F1} ms for each token instead of {asked.TotalMilliseconds:0.###} ms; {deadline.Detail}")
        : Text($"the deadline of {asked.TotalMilliseconds:0.###} ms for each token is promised again");

    public static IEnumerable<(string Name, string Value)> Rows(Ledger ledger, TimeSpan? asked)
    {
        if (asked is not { } deadline)
            yield break;
        var total = ledger.Total;
        var counts = $"{total.KeptCount} kept, {total.DegradedCount} later but as told before, {total.MissedCount} missed";
        yield return ("deadline", Text($"{deadline.TotalMilliseconds:0.###} ms for each token after the first: {counts}"));
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
