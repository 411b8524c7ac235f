namespace SplitActors.Actors.Kernel.Supervision;

/// <summary>When an actor was restarted, as far back as its supervisor's window reaches. Used only in the supervisor's turns.</summary>
internal sealed class RestartHistory(TimeProvider timeProvider)
{
    private readonly Queue<long> _timestamps = new();

    public bool TryAdd(SupervisorStrategy strategy)
    {
        var now = timeProvider.GetTimestamp();
        while (_timestamps.TryPeek(out var oldest) && timeProvider.GetElapsedTime(oldest, now) >= strategy.Window)
            _timestamps.Dequeue();
        if (_timestamps.Count >= strategy.RestartsMax)
            return false;
        _timestamps.Enqueue(now);
        return true;
    }
}
