#pragma warning disable RS0030 // An actor system's one clock is made here; actors ask the system for the time.
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace SplitActors.Actors.Stepping;

/// <summary>
/// A scheduler on the runtime's timers: a millisecond fine where Akka's wheel ticks every ten, and with nothing to do between two timers.
/// <c>akka.scheduler.implementation</c> names it.
/// </summary>
public sealed class TimerScheduler(Config config, ILoggingAdapter log) : SchedulerBase(config, log), IDisposable
{
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly DateTimeOffset _startedAt = TimeProvider.System.GetUtcNow();
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private volatile bool _isDisposed;

    public override TimeSpan MonotonicClock => _clock.GetElapsedTime(_start);

    public override TimeSpan HighResMonotonicClock => MonotonicClock;

    /// <summary>Never goes back, whatever becomes of the machine's clock.</summary>
    protected override DateTimeOffset TimeNow => _startedAt + MonotonicClock;

    /// <summary>What is due later does not happen.</summary>
    public void Dispose() => _isDisposed = true;

    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Start(delay, Timeout.InfiniteTimeSpan, () => receiver.Tell(message, sender), cancelable);

    protected override void InternalScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Start(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) => Start(delay, Timeout.InfiniteTimeSpan, action, cancelable);

    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable) => Start(delay, Timeout.InfiniteTimeSpan, action.Run, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) => Start(initialDelay, interval, action, cancelable);

    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable) =>
        Start(initialDelay, interval, action.Run, cancelable);

    private void Start(TimeSpan delay, TimeSpan interval, Action action, ICancelable? cancelable)
    {
        if (cancelable?.IsCancellationRequested == true)
            return;
        var timer = new Due(this, action, cancelable, interval);
        timer.Start(_clock, delay > TimeSpan.Zero ? delay : TimeSpan.Zero);
        cancelable?.Token.UnsafeRegister(static due => ((Due)due!).Dispose(), timer);
    }

    /// <summary>Keeps itself alive by its timer as long as that is to fire.</summary>
    private sealed class Due(TimerScheduler scheduler, Action action, ICancelable? cancelable, TimeSpan interval) : IDisposable
    {
        private ITimer? _timer;

        public void Start(TimeProvider clock, TimeSpan delay)
        {
            _timer = clock.CreateTimer(static due => ((Due)due!).Fire(), this, Timeout.InfiniteTimeSpan, interval);
            _timer.Change(delay, interval);
        }

        public void Dispose() => _timer?.Dispose();

        private void Fire()
        {
            if (interval == Timeout.InfiniteTimeSpan || scheduler._isDisposed)
                Dispose();
            if (!scheduler._isDisposed && cancelable?.IsCancellationRequested != true)
                action();
        }
    }
}
