namespace SplitActors.Hosts.Chaos;

/// <summary>How long sessions take where nothing is broken: medians, as they become known. Thread-safe.</summary>
internal sealed class UsualTimes
{
    private readonly List<TimeSpan> _toPlan = [];
    private readonly Dictionary<int, List<TimeSpan>> _toFirst = [];
    private readonly Lock _lock = new();

    /// <summary>Learns from a session that nothing disturbed before its first token.</summary>
    public void Learn(int promptTokens, DeviceSession session)
    {
        if (session.PlannedAt is not { } plannedAt || session.Arrivals is not [var first, ..])
            return;
        lock (_lock)
        {
            _toPlan.Add(plannedAt - session.StartedAt);
            if (!_toFirst.TryGetValue(promptTokens, out var times))
                times = _toFirst[promptTokens] = [];
            times.Add(first - session.StartedAt);
        }
    }

    /// <summary>From the start of a session's process to its plan.</summary>
    public TimeSpan ToPlan
    {
        get
        {
            lock (_lock)
                return Median(_toPlan);
        }
    }

    /// <summary>From the start of a session's process to its first token.</summary>
    public TimeSpan ToFirst(int promptTokens)
    {
        lock (_lock)
            return Median(_toFirst.GetValueOrDefault(promptTokens, []));
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Count == 0 ? TimeSpan.Zero : times.Order().ElementAt(times.Count / 2);
}
