using Akka.Actor;

namespace SplitActors.Actors.Stepping;

/// <summary>Runs a shell as an Akka actor: time and timers are those of its system's scheduler, and it computes on threads of its own.</summary>
/// <param name="shell">Makes one for each incarnation.</param>
/// <param name="lanes">Threads that compute.</param>
public abstract class StepActor(Func<IStepShell> shell, ComputeLanes lanes) : UntypedActor, IWithTimers, IStepHost
{
    private readonly IActorRef _self = Context.Self;
    private readonly IScheduler _scheduler = Context.System.Scheduler;
    private readonly DateTimeOffset _startedAt = Context.System.Scheduler.Now;
    private readonly IStepShell _shell = shell();
    private ComputeLane? _lane;
    private bool _isStopped;

    public ITimerScheduler Timers { get; set; } = null!;

    public TimeSpan Now => _scheduler.Now - _startedAt;

    public void Post(object message) => _self.Tell(message, ActorRefs.NoSender);

    public void StartTimer(string timer, object message, TimeSpan delay) => Timers.StartSingleTimer(timer, message, delay);

    public void StartPeriodicTimer(string timer, object message, TimeSpan period) => Timers.StartPeriodicTimer(timer, message, period);

    public void CancelTimer(string timer) => Timers.Cancel(timer);

    public void Compute(Func<object> work) => (_lane ??= lanes.Open(_self.Path.Name)).Run(() => Finish(work));

    public void Load(Func<object> work) => lanes.RunBeside(() => Finish(work), _self.Path.Name);

    public void Stop() => Context.Stop(_self);

    /// <summary>Akka tells a child nothing more that failed here.</summary>
    protected override void PreStart()
    {
        try
        {
            _shell.Start(this);
        }
        catch (Exception reason)
        {
            _shell.Fail(reason);
            StopShell();
            throw;
        }
    }

    protected override void PreRestart(Exception reason, object message)
    {
        _shell.Fail(reason);
        base.PreRestart(reason, message);
    }

    protected override void PostStop() => StopShell();

    /// <summary>What an earlier incarnation computed is nobody's: its caches and its sessions are gone.</summary>
    protected override void OnReceive(object message)
    {
        if (message is not Finished finished)
            _shell.Receive(message);
        else if (ReferenceEquals(finished.Incarnation, this))
            _shell.Receive(finished.Result);
    }

    private void StopShell()
    {
        if (_isStopped)
            return;
        _isStopped = true;
        try
        {
            _shell.Stop();
        }
        finally
        {
            _lane?.Dispose(); // whatever the shell could not end, its thread does
        }
    }

    private void Finish(Func<object> work)
    {
        object result;
        try
        {
            result = work();
        }
        catch (Exception cause)
        {
            result = new WorkFailed(cause);
        }

        Post(new Finished(this, result));
    }

    private sealed record Finished(StepActor Incarnation, object Result);
}
