using Google.Protobuf;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Links;

/// <summary>
/// One direction of one device's link: first in, first out. A message waits until the channel is free, occupies it for each of its attempts,
/// and arrives a delay after the one that succeeds, never before the message ahead of it.
/// </summary>
/// <param name="inner">Delivers what has arrived.</param>
/// <param name="clock">Runs the timer.</param>
/// <param name="seed">Chooses the attempts that fail.</param>
/// <param name="timerLateness">By how much the clock's timers may be late; this much is waited for actively.</param>
/// <param name="arrived">Told after each delivery.</param>
/// <param name="departures">Told of each message; null if nobody wants to know when messages leave.</param>
internal sealed class LinkQueue(
    IPeers inner, TimeProvider clock, ulong seed, TimeSpan timerLateness, Action arrived, Departures? departures = null) : IDisposable
{
    private static readonly TimeSpan SleepTime = TimeSpan.FromMilliseconds(1); // of SpinWait

    private readonly Lock _lock = new();
    private readonly Lock _delivery = new(); // one message at a time, so that the order is kept
    private readonly SplitMix64 _random = new(seed);
    private readonly Queue<(string From, string To, IMessage Body, TimeSpan Due)> _travelling = new();
    private readonly long _start = clock.GetTimestamp();
    private ITimer? _timer;
    private TimeSpan _freeAt;
    private TimeSpan _lastDue;
    private LinkTraffic _traffic;

    public LinkTraffic Traffic
    {
        get
        {
            lock (_lock)
                return _traffic;
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _travelling.Count == 0;
        }
    }

    private TimeSpan Now => clock.GetElapsedTime(_start);

    public void Send(string from, string to, IMessage body, LinkDirection direction)
    {
        var byteCount = Envelopes.SizeOf(body);
        lock (_lock)
        {
            var attempts = DrawAttempts(direction.FailureProbability);
            var now = Now;
            var begins = now > _freeAt ? now : _freeAt;
            _freeAt = begins + TimeSpan.FromSeconds(attempts * direction.AttemptSeconds(byteCount));
            departures?.Add(to, byteCount, begins - now, _freeAt - begins);
            var due = _freeAt + direction.Delay + ((attempts - 1) * direction.RepeatAfter);
            _lastDue = due > _lastDue ? due : _lastDue;
            _traffic += new LinkTraffic(1, byteCount, attempts - 1);
            _travelling.Enqueue((from, to, body, _lastDue));
            if (_travelling.Count == 1)
                WakeAt(_lastDue, now);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _travelling.Clear();
            _timer?.Dispose();
            departures?.Dispose();
        }
    }

    /// <summary>1 + a geometric number of failures, by inversion.</summary>
    private int DrawAttempts(double failureProbability)
    {
        if (failureProbability <= 0)
            return 1;
        var uniform = ((_random.Next() >> 11) + 1) * (1.0 / (1L << 53)); // (0, 1]
        return 1 + (int)Math.Min(Math.Log(uniform) / Math.Log(failureProbability), int.MaxValue - 1);
    }

    private void WakeAt(TimeSpan due, TimeSpan now)
    {
        var wait = due - now - timerLateness;
        wait = wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        if (_timer is null)
            _timer = clock.CreateTimer(static queue => ((LinkQueue)queue!).DeliverDue(), this, wait, Timeout.InfiniteTimeSpan);
        else
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void DeliverDue()
    {
        lock (_delivery)
        {
            while (TakeDue() is var (from, to, body, due))
            {
                WaitUntil(due);
                inner.Send(from, to, body);
                arrived();
            }
        }
    }

    /// <summary>Sleeps for a millisecond at a time as long as it may oversleep by another one; then only yields.</summary>
    private void WaitUntil(TimeSpan due)
    {
        const int never = -1;
        const int afterFirstYields = 20;
        var wait = new SpinWait();
        for (var left = due - Now; left > TimeSpan.Zero; left = due - Now)
            wait.SpinOnce(left > 2 * SleepTime ? afterFirstYields : never);
    }

    private (string From, string To, IMessage Body, TimeSpan Due)? TakeDue()
    {
        lock (_lock)
        {
            if (!_travelling.TryPeek(out var head))
                return null;
            var now = Now;
            if (head.Due - now <= timerLateness)
                return _travelling.Dequeue();
            WakeAt(head.Due, now);
            return null;
        }
    }
}
