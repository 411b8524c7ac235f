namespace SplitActors.Hosts.Chaos;

/// <summary>A session that did not end as it must, and what had been done to it.</summary>
internal sealed record FailedSession(string Name, int PromptTokens, Verdict Verdict, IReadOnlyList<DisturbedSession> Disturbances);

/// <summary>Recoveries of one kind of disturbance, in milliseconds, ascending.</summary>
/// <param name="Name">Of the kind.</param>
/// <param name="Count">Of disturbances.</param>
/// <param name="RecoveriesMs">Of sessions that still had a token to come.</param>
internal sealed record RecoveryGroup(string Name, int Count, IReadOnlyList<double> RecoveriesMs)
{
    /// <summary>By nearest rank; null of nothing.</summary>
    public double? At(double share) =>
        RecoveriesMs.Count == 0 ? null : RecoveriesMs[Math.Clamp((int)Math.Ceiling(share * RecoveriesMs.Count), 1, RecoveriesMs.Count) - 1];
}

/// <summary>What a run came to.</summary>
internal sealed record ChaosReport
{
    private const string AmongOthers = "several at once";

    public required IReadOnlyDictionary<SessionOutcome, int> Sessions { get; init; }

    /// <summary>Of all sessions.</summary>
    public required long TokenCount { get; init; }

    /// <summary>Changes of the worker because one was lost, and moves because one left.</summary>
    public required (int Replaced, int Moved) Changes { get; init; }

    public required TimeSpan WallTime { get; init; }

    /// <summary>By their times.</summary>
    public required IReadOnlyList<DisturbedSession> Disturbances { get; init; }

    /// <summary>Of workers that had ended.</summary>
    public IReadOnlyList<NodeReturn> Returns { get; init; } = [];

    public required IReadOnlyList<FailedSession> Failures { get; init; }

    /// <summary>What else must not happen, such as a process that ended by itself.</summary>
    public required IReadOnlyCollection<string> Problems { get; init; }

    public bool IsGood => Failures.Count == 0 && Problems.Count == 0;

    public int SessionCount => Sessions.Values.Sum();

    /// <summary>Disturbances that came alone by kind, and last those that came together.</summary>
    public IReadOnlyList<RecoveryGroup> Recoveries =>
    [
        .. Disturbances
            .GroupBy(disturbance => disturbance.IsAmongOthers ? AmongOthers : disturbance.Name, StringComparer.Ordinal)
            .OrderBy(group => group.Key == AmongOthers)
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new RecoveryGroup(group.Key, group.Count(), [.. group.Where(hit => hit.Recovery is not null).Select(hit => hit.Recovery!.Value.TotalMilliseconds).Order()])),
    ];

    /// <summary>How long workers took, from their new start, until they served new sessions.</summary>
    public IReadOnlyList<RecoveryGroup> ReturnTimes =>
    [
        .. Returns.GroupBy(back => back.EndedBy, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (group.Key, Ms: group.Select(back => back.Time.TotalMilliseconds).Order().ToList()))
            .Select(group => new RecoveryGroup($"worker {group.Key}: serves again", group.Ms.Count, group.Ms)),
    ];

    /// <summary>Marks those that came before another was over.</summary>
    public static IReadOnlyList<DisturbedSession> Compare(IEnumerable<DisturbedSession> disturbances)
    {
        List<DisturbedSession> sorted = [.. disturbances.OrderBy(disturbance => disturbance.At)];
        return [.. sorted.Select(one => one with { IsAmongOthers = sorted.Exists(other => other != one && other.At <= EndOf(one) && one.At <= EndOf(other)) })];
    }

    private static TimeSpan EndOf(DisturbedSession disturbance)
    {
        var recovered = disturbance.At + (disturbance.Recovery ?? TimeSpan.Zero);
        return recovered > disturbance.Until ? recovered : disturbance.Until;
    }
}
