using SplitActors.Actors.Kernel.Mailboxes;

namespace SplitActors.Actors.Kernel.Timers;

/// <summary>One start of a timer. Its identity is the generation: a later start under the same key is another object.</summary>
internal sealed class ActorTimer(ActorTimers timers, Mailbox mailbox, object key, object message, bool isPeriodic)
    : ReservedMessage, IDisposable
{
    private ITimer? _source;
    private int _isQueued;

    public object Key => key;

    public bool IsPeriodic => isPeriodic;

    public void Start(TimeProvider timeProvider, TimeSpan delay, TimeSpan period) =>
        _source = timeProvider.CreateTimer(static timer => ((ActorTimer)timer!).Fire(), this, delay, period);

    public void Dispose() => _source?.Dispose();

    internal override object? Claim()
    {
        Volatile.Write(ref _isQueued, 0);
        return timers.Claim(this) ? message : null;
    }

    internal override void Undeliverable()
    {
        // The actor has stopped, which cancels its timers.
    }

    /// <summary>On whatever thread the clock uses.</summary>
    private void Fire()
    {
        if (Interlocked.Exchange(ref _isQueued, 1) == 0)
            mailbox.PostReserved(this);
    }
}
