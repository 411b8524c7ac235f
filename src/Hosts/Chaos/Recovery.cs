namespace SplitActors.Hosts.Chaos;

/// <summary>A disturbance that hit a session.</summary>
/// <param name="Name">Of what is reported together.</param>
/// <param name="PromptTokens">Of the session.</param>
/// <param name="AtToken">Tokens that it had.</param>
/// <param name="At">When, since the start of the run.</param>
/// <param name="Until">When nothing was broken any more.</param>
internal sealed record DisturbedSession(string Name, int PromptTokens, int AtToken, TimeSpan At, TimeSpan Until)
{
    /// <summary>How much longer the session waited for a token than it usually does; null if it got none any more.</summary>
    public TimeSpan? Recovery { get; init; }

    /// <summary>Something else was broken, or not mended yet, before the session went on.</summary>
    public bool IsAmongOthers { get; init; }
}

/// <summary>What a disturbance cost a session: its longest wait for a token from then on, beyond what is usual.</summary>
internal static class Recovery
{
    /// <summary>One may be on its way already, and one lie read but unwritten.</summary>
    public const int TokensAfter = 3;

    /// <param name="startedAt">When the session was started.</param>
    /// <param name="arrivals">Of its tokens.</param>
    /// <param name="at">When it was disturbed.</param>
    /// <param name="until">When that was over.</param>
    /// <param name="usualFirst">From a session's start to its first token, where nothing is broken.</param>
    /// <returns>Null if no token came after it.</returns>
    public static TimeSpan? Of(TimeSpan startedAt, IReadOnlyList<TimeSpan> arrivals, TimeSpan at, TimeSpan until, TimeSpan usualFirst)
    {
        var usual = UsualPause(arrivals);
        TimeSpan? longest = null;
        var seen = 0;
        for (var i = 0; i < arrivals.Count; i++)
        {
            if (arrivals[i] < at)
                continue;
            var before = i == 0 ? startedAt : arrivals[i - 1];
            if (before > until && seen >= TokensAfter)
                break;
            seen++;
            var due = before + (i == 0 ? usualFirst : usual);
            var late = arrivals[i] - (due > at ? due : at);
            if (longest is null || late > longest)
                longest = late;
        }

        return longest is { } found && found < TimeSpan.Zero ? TimeSpan.Zero : longest;
    }

    /// <summary>Median over a session's tokens; 0 if it has less than two.</summary>
    public static TimeSpan UsualPause(IReadOnlyList<TimeSpan> arrivals)
    {
        List<TimeSpan> pauses = [.. arrivals.Skip(1).Select((arrival, i) => arrival - arrivals[i]).Order()];
        return pauses.Count == 0 ? TimeSpan.Zero : pauses[pauses.Count / 2];
    }
}
