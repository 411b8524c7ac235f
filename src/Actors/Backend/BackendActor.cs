using SplitActors.Actors.Kernel;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport;
using SplitActors.Inference.Models;

namespace SplitActors.Actors.Backend;

/// <summary>
/// A worker: performs what <see cref="BackendWorker"/> decides, and owns the sessions' caches. A failure restarts it empty; its devices
/// replay.
/// </summary>
/// <param name="options">What it holds, and its limits.</param>
/// <param name="transport">The way to devices and scheduler.</param>
/// <param name="engine">Used by this instance alone.</param>
/// <param name="report">Told why it stopped itself.</param>
public sealed class BackendActor(WorkerOptions options, ITransport transport, BackEngine engine, Action<string>? report = null) : Actor
{
    private readonly Dictionary<SessionId, KvCache> _caches = [];
    private WorkerState _state = new(options);
    private long _startTimestamp;
    private bool _isRegistered;

    protected override void PreStart()
    {
        options.Validate();
        _startTimestamp = Context.TimeProvider.GetTimestamp();
        transport.Register(options.Address, Context.Self);
        _isRegistered = true;
        Context.Timers.StartPeriodic("status", new StatusDue(), options.StatusPeriod);
        Receive(new StatusDue());
    }

    /// <summary>Runs also if the address was taken: then it is not this actor's to give up.</summary>
    protected override void PostStop()
    {
        if (_isRegistered)
            transport.Unregister(options.Address);
    }

    protected override void Receive(object message)
    {
        if (message is Failure failure)
            throw new InvalidOperationException($"A batch failed: {failure.Cause.Message}", failure.Cause);

        var (state, effects) = BackendWorker.Step(_state, message, Context.TimeProvider.GetElapsedTime(_startTimestamp));
        _state = state;
        foreach (var effect in effects)
            Perform(effect);
    }

    private void Perform(WorkerEffect effect)
    {
        switch (effect)
        {
            case WorkerEffect.Send send: transport.Send(options.Address, send.To, send.Body); break;
            case WorkerEffect.Watch watch: transport.Watch(watch.Address, options.Address); break;
            case WorkerEffect.CreateCache create: _caches[create.Session] = engine.CreateCache(create.TokenCountMax); break;
            case WorkerEffect.DropCache drop: _caches.Remove(drop.Session); break;
            case WorkerEffect.ComputeBatch compute: Compute(compute); break;
            case WorkerEffect.Stop stop:
                report?.Invoke(stop.Reason);
                Context.Stop(Context.Self);
                break;
        }
    }

    private void Compute(WorkerEffect.ComputeBatch compute)
    {
        var works = compute.Entries.Select(entry => new BatchWork(entry, _caches[entry.Queued.Session])).ToArray();
        Context.RunOffloaded(() => engine.Compute(works));
    }
}
