using SplitActors.Actors.Peers;

namespace SplitActors.Actors.Links;

/// <summary>
/// Which messages of one sender have not left yet. Tells it of those that do not leave soon, so that it takes no message for unanswered
/// that nobody can have.
/// </summary>
/// <param name="clock">Runs the timer.</param>
/// <param name="tell">Told in order.</param>
internal sealed class Departures(TimeProvider clock, Action<Outgoing> tell) : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TellPeriod = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TimerStep = TimeSpan.FromMilliseconds(1); // a timer cannot be set to less

    private readonly Lock _lock = new();
    private readonly Queue<(string To, long ByteCount, TimeSpan Begins, TimeSpan Leaves)> _leaving = new();
    private readonly HashSet<string> _told = new(StringComparer.Ordinal); // receivers of which the sender waits to hear that all has left
    private readonly long _start = clock.GetTimestamp();
    private ITimer? _timer;

    /// <param name="to">The receiver.</param>
    /// <param name="byteCount">Of the message.</param>
    /// <param name="wait">Until it is the channel's turn.</param>
    /// <param name="time">That it occupies the channel.</param>
    public void Add(string to, long byteCount, TimeSpan wait, TimeSpan time)
    {
        lock (_lock)
        {
            var now = clock.GetElapsedTime(_start);
            Forget(now);
            _leaving.Enqueue((to, byteCount, now + wait, now + wait + time));
            if (wait + time <= Soon || !_told.Add(to))
                return;
            tell(new Outgoing(to, BytesUntilLast(to, now)));
            WakeNext(now);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _leaving.Clear();
            _told.Clear();
            _timer?.Dispose();
        }
    }

    private void Tell()
    {
        lock (_lock)
        {
            var now = clock.GetElapsedTime(_start);
            Forget(now);
            foreach (var to in _told.Order(StringComparer.Ordinal).ToList())
            {
                var byteCount = BytesUntilLast(to, now);
                tell(new Outgoing(to, byteCount));
                if (byteCount == 0)
                    _told.Remove(to);
            }

            WakeNext(now);
        }
    }

    private void Forget(TimeSpan now)
    {
        while (_leaving.TryPeek(out var head) && head.Leaves <= now)
            _leaving.Dequeue();
    }

    private void WakeNext(TimeSpan now)
    {
        if (_told.Count == 0)
            return;
        var left = _told.Min(to => _leaving.LastOrDefault(message => message.To == to).Leaves) - now; // or it has just left
        var wait = left > TellPeriod ? TellPeriod : left > TimerStep ? left : TimerStep;
        if (_timer is null)
            _timer = clock.CreateTimer(static departures => ((Departures)departures!).Tell(), this, wait, Timeout.InfiniteTimeSpan);
        else
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Of all messages that leave before the last one to a receiver, and of that one.</summary>
    private long BytesUntilLast(string to, TimeSpan now)
    {
        var (sum, untilLast) = (0.0, 0.0);
        foreach (var (receiver, byteCount, begins, leaves) in _leaving)
        {
            sum += begins >= now ? byteCount : byteCount * ((leaves - now) / (leaves - begins));
            untilLast = receiver == to ? sum : untilLast;
        }

        return (long)Math.Ceiling(untilLast);
    }
}
