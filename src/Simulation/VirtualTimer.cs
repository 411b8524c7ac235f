namespace SplitActors.Simulation;

/// <summary>The clock's lock guards what changes here.</summary>
internal sealed class VirtualTimer(VirtualTimeProvider timeProvider, TimerCallback callback, object? state, long creationIndex) : ITimer
{
    private volatile bool _isDisposed;

    public long CreationIndex => creationIndex;

    public long DueTicks { get; set; }

    public long PeriodTicks { get; set; }

    public bool IsPending { get; set; }

    /// <summary>Counts how often it was given another time or none.</summary>
    public int Version { get; set; }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (_isDisposed)
            return false;
        timeProvider.Reschedule(this, dueTime, period);
        return true;
    }

    public void Dispose()
    {
        _isDisposed = true;
        timeProvider.Reschedule(this, dueTime: null, Timeout.InfiniteTimeSpan);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Fire() => callback(state);
}
