namespace SplitActors.Simulation;

/// <summary>
/// A clock that stands still until it is told to advance. Timers fire on the thread that advances it, in the order in which they are due;
/// those due at the same time, in the order in which they were created. Only one thread may advance it; the rest is thread-safe.
/// </summary>
public sealed class VirtualTimeProvider(DateTimeOffset start) : TimeProvider
{
    private const int OutdatedCountMin = 1024; // fewer are not worth removing

    /// <summary>By when they are due, then by creation. A timer that has changed since leaves its entry behind.</summary>
    private readonly PriorityQueue<(VirtualTimer Timer, int Version), UInt128> _pending = new();

    private readonly Lock _lock = new();
    private long _nowTicks;
    private long _createdCount;
    private int _outdatedCount;

    /// <summary>Starts at 2000-01-01T00:00Z.</summary>
    public VirtualTimeProvider()
        : this(new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Virtual time since the start.</summary>
    public TimeSpan Elapsed => new(GetTimestamp());

    /// <summary>When the next timer fires, as a value of <see cref="Elapsed"/>; null if none is pending.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_lock)
                return Next() is { } next ? new TimeSpan(next.DueTicks) : null;
        }
    }

    public override long GetTimestamp() => Interlocked.Read(ref _nowTicks);

    public override DateTimeOffset GetUtcNow() => start + Elapsed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state, Interlocked.Increment(ref _createdCount));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and fires each timer at its own time on the way, without running a dispatcher in between.</summary>
    public void Advance(TimeSpan span)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(span, TimeSpan.Zero);
        var end = Elapsed + span;
        while (NextDue <= end)
            FireNext();
        Interlocked.Exchange(ref _nowTicks, Math.Max(end.Ticks, _nowTicks)); // a callback may have advanced it further
    }

    /// <summary>Moves the clock to the next timer and fires that one.</summary>
    /// <returns>False if none is pending.</returns>
    public bool FireNext()
    {
        VirtualTimer? next;
        lock (_lock)
        {
            next = Next();
            if (next is null)
                return false;
            _pending.Dequeue();
            next.IsPending = false;
            Interlocked.Exchange(ref _nowTicks, next.DueTicks);
            if (next.PeriodTicks > 0)
                Add(next, next.DueTicks + next.PeriodTicks);
        }

        next.Fire();
        return true;
    }

    /// <param name="timer">One of this clock's.</param>
    /// <param name="dueTime">From now; null or infinite if never.</param>
    /// <param name="period">Zero or infinite if once.</param>
    internal void Reschedule(VirtualTimer timer, TimeSpan? dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            Remove(timer);
            if (dueTime is not { } due || due == Timeout.InfiniteTimeSpan)
                return;
            ArgumentOutOfRangeException.ThrowIfLessThan(due, TimeSpan.Zero, nameof(dueTime));
            timer.PeriodTicks = period == Timeout.InfiniteTimeSpan ? 0 : period.Ticks;
            Add(timer, checked(_nowTicks + due.Ticks));
        }
    }

    private VirtualTimer? Next()
    {
        while (_pending.TryPeek(out var entry, out _))
        {
            if (IsCurrent(entry))
                return entry.Timer;
            _pending.Dequeue();
            _outdatedCount--;
        }

        return null;
    }

    private void Add(VirtualTimer timer, long dueTicks)
    {
        (timer.DueTicks, timer.IsPending) = (dueTicks, true);
        _pending.Enqueue((timer, timer.Version), KeyOf(timer));
    }

    private void Remove(VirtualTimer timer)
    {
        if (!timer.IsPending)
            return;
        timer.IsPending = false;
        timer.Version++;
        if (++_outdatedCount < OutdatedCountMin || _outdatedCount < _pending.Count / 2)
            return;
        var current = _pending.UnorderedItems.Where(item => IsCurrent(item.Element)).ToList();
        _pending.Clear();
        _pending.EnqueueRange(current);
        _outdatedCount = 0;
    }

    private static bool IsCurrent((VirtualTimer Timer, int Version) entry) => entry.Version == entry.Timer.Version;

    private static UInt128 KeyOf(VirtualTimer timer) => new((ulong)timer.DueTicks, (ulong)timer.CreationIndex);
}
