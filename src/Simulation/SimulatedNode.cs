using SplitActors.Actors.Stepping;

namespace SplitActors.Simulation;

/// <summary>
/// Runs a shell in virtual time, as <see cref="StepActor"/> does in real time: one message at a time, a new shell in place of one that throws, and nothing of what an
/// earlier one computed. No actor system is involved, so that a world costs microseconds.
/// </summary>
public sealed class SimulatedNode : IStepHost, IThreadPoolWorkItem
{
    /// <summary>Messages after which a node lets others run.</summary>
    private const int ThroughputMax = 16;

    private readonly SimulationDriver _driver;
    private readonly Func<IStepShell> _factory;
    private readonly Queue<object> _inbox = new();
    private readonly Dictionary<string, ITimer> _timers = new(StringComparer.Ordinal);
    private readonly Queue<TimeSpan> _restarts = new();
    private IStepShell? _shell;
    private TimeSpan _startedAt;
    private int _incarnation;
    private bool _isReady;
    private bool _isStopping;
    private bool _isFrozen;

    internal SimulatedNode(SimulationDriver driver, string name, Func<IStepShell> factory)
    {
        (_driver, Name, _factory) = (driver, name, factory);
        MakeReady();
    }

    public string Name { get; }

    public bool IsStopped { get; private set; }

    public TimeSpan Now => _driver.Time.Elapsed - _startedAt;

    public void Post(object message)
    {
        if (IsStopped)
            return;
        _inbox.Enqueue(message);
        MakeReady();
    }

    public void StartTimer(string timer, object message, TimeSpan delay) => Start(timer, message, delay, Timeout.InfiniteTimeSpan);

    public void StartPeriodicTimer(string timer, object message, TimeSpan period) => Start(timer, message, period, period);

    public void CancelTimer(string timer)
    {
        if (_timers.Remove(timer, out var running))
            running.Dispose();
    }

    public void Compute(Func<object> work) => _driver.Dispatcher.Execute(new Work(this, _incarnation, work));

    public void Load(Func<object> work) => Compute(work);

    /// <summary>Before its next message; also from outside.</summary>
    public void Stop()
    {
        _isStopping = true;
        MakeReady();
    }

    /// <summary>It does nothing, and what comes for it waits.</summary>
    public void Freeze() => _isFrozen = true;

    public void Thaw()
    {
        _isFrozen = false;
        MakeReady();
    }

    void IThreadPoolWorkItem.Execute()
    {
        _isReady = false;
        if (_isFrozen && !_isStopping)
            return;
        try
        {
            if (_shell is null && !_isStopping)
                StartShell();
            for (var i = 0; i < ThroughputMax && !_isStopping && TakeNext() is { } message; i++)
                _shell!.Receive(message);
        }
        catch (Exception reason)
        {
            Restart(reason);
        }

        if (_isStopping)
            End();
        else if (_inbox.Count > 0)
            MakeReady();
    }

    /// <summary>A timer or a work that was given up brings nothing, also if its message waits already.</summary>
    private object? TakeNext()
    {
        while (_inbox.TryDequeue(out var message))
        {
            switch (message)
            {
                case Tick tick when !_timers.TryGetValue(tick.Timer, out var running) || running != tick.Source: break;
                case Tick { IsLast: true } tick:
                    CancelTimer(tick.Timer);
                    return tick.Message;
                case Tick tick: return tick.Message;
                case Finished finished when finished.Incarnation != _incarnation: break;
                case Finished finished: return finished.Result;
                default: return message;
            }
        }

        return null;
    }

    private void StartShell()
    {
        _incarnation++;
        _startedAt = _driver.Time.Elapsed;
        _shell = _factory();
        _shell.Start(this);
        if (_incarnation > 1)
            _driver.Note(new NodeRestarted(this));
    }

    private void Restart(Exception reason)
    {
        _driver.Note(new NodeFailed(this, reason));
        _shell?.Fail(reason);
        StopShell();
        while (_restarts.TryPeek(out var earliest) && _driver.Time.Elapsed - earliest > RestartLimits.Window)
            _restarts.Dequeue();
        _restarts.Enqueue(_driver.Time.Elapsed);
        _isStopping |= _restarts.Count > RestartLimits.RestartsMax;
        if (!_isStopping)
            MakeReady(); // the next turn starts a new shell
    }

    private void End()
    {
        if (IsStopped)
            return;
        IsStopped = true;
        StopShell();
        _inbox.Clear();
        _driver.Note(new NodeStopped(this));
    }

    private void StopShell()
    {
        foreach (var timer in _timers.Values)
            timer.Dispose();
        _timers.Clear();
        var shell = _shell;
        _shell = null;
        shell?.Stop();
    }

    private void Start(string timer, object message, TimeSpan delay, TimeSpan period)
    {
        CancelTimer(timer);
        ITimer? running = null;
        running = _driver.Time.CreateTimer(_ => Post(new Tick(timer, message, running!, period == Timeout.InfiniteTimeSpan)), state: null, delay, period);
        _timers.Add(timer, running);
    }

    private void MakeReady()
    {
        if (_isReady || IsStopped || (_isFrozen && !_isStopping))
            return;
        _isReady = true;
        _driver.Dispatcher.Execute(this);
    }

    private sealed record Tick(string Timer, object Message, ITimer Source, bool IsLast);

    private sealed record Finished(int Incarnation, object Result);

    private sealed class Work(SimulatedNode node, int incarnation, Func<object> work) : IThreadPoolWorkItem
    {
        public void Execute()
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

            node.Post(new Finished(incarnation, result));
        }
    }
}

/// <summary>What happened to a node that no message tells.</summary>
public abstract record NodeEvent(SimulatedNode Node);

/// <summary>Its shell threw.</summary>
public sealed record NodeFailed(SimulatedNode Node, Exception Cause) : NodeEvent(Node);

/// <summary>A new shell took the place of one that threw.</summary>
public sealed record NodeRestarted(SimulatedNode Node) : NodeEvent(Node);

public sealed record NodeStopped(SimulatedNode Node) : NodeEvent(Node);
