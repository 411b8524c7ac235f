using SplitActors.Actors.Kernel.Mailboxes;
using SplitActors.Actors.Kernel.Timers;

namespace SplitActors.Actors.Kernel;

/// <summary>
/// The timers of one actor, by key. A timer that was cancelled or replaced never delivers, even if it has fired and its message waits in
/// the mailbox. A stop or restart cancels them all. A period that ends while the last tick still waits adds none.
/// </summary>
public sealed class ActorTimers
{
    private readonly Dictionary<object, ActorTimer> _active = [];
    private readonly TimeProvider _timeProvider;
    private readonly Mailbox _mailbox;

    internal ActorTimers(TimeProvider timeProvider, Mailbox mailbox)
    {
        _timeProvider = timeProvider;
        _mailbox = mailbox;
    }

    /// <summary>Delivers the message once, after the delay. Replaces the timer of the same key.</summary>
    public void StartSingle(object key, object message, TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        Start(key, message, delay, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Delivers the message after each period. Replaces the timer of the same key.</summary>
    public void StartPeriodic(object key, object message, TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        Start(key, message, period, period);
    }

    /// <returns>Whether there was such a timer.</returns>
    public bool Cancel(object key)
    {
        if (!_active.Remove(key, out var timer))
            return false;
        timer.Dispose();
        return true;
    }

    /// <summary>Whether a message of this timer is still to come.</summary>
    public bool IsActive(object key) => _active.ContainsKey(key);

    internal void CancelAll()
    {
        foreach (var timer in _active.Values)
            timer.Dispose();
        _active.Clear();
    }

    /// <summary>Whether a timer that fired is still the one under its key. A single timer is done with this.</summary>
    internal bool Claim(ActorTimer timer)
    {
        if (!_active.TryGetValue(timer.Key, out var current) || current != timer)
            return false;
        if (!timer.IsPeriodic)
            Cancel(timer.Key);
        return true;
    }

    private void Start(object key, object message, TimeSpan delay, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(message);
        Cancel(key);
        var timer = new ActorTimer(this, _mailbox, key, message, period != Timeout.InfiniteTimeSpan);
        _active.Add(key, timer);
        timer.Start(_timeProvider, delay, period);
    }
}
