using System.Collections.Immutable;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;

namespace SplitActors.Actors.Backend;

/// <summary>A worker: performs what <see cref="BackendWorker"/> decides, and owns the sessions' caches, of some kind.</summary>
/// <typeparam name="TCache">Keys and values of a session.</typeparam>
/// <param name="options">What it holds, and its limits.</param>
/// <param name="transport">The way to devices and scheduler.</param>
public abstract class WorkerShell<TCache>(WorkerOptions options, IPeers transport)
    : StepShell<WorkerState, WorkerEffect>(new WorkerState(options), options.Address, transport)
{
    private readonly Dictionary<SessionKey, TCache> _caches = [];

    protected IReadOnlyDictionary<SessionKey, TCache> Caches => _caches;

    protected abstract TCache Open(WorkerEffect.CreateCache create);

    /// <summary>The session needs it no more, though a batch that runs may.</summary>
    protected virtual void Close(TCache cache)
    {
    }

    /// <summary>Later brings a <see cref="BatchComputed"/>.</summary>
    protected abstract void Compute(ImmutableArray<BatchEntry> entries);

    /// <summary>It has to end.</summary>
    /// <param name="reason">A sentence.</param>
    protected abstract void Stop(string reason);

    /// <summary>It was asked to leave, and has.</summary>
    /// <param name="sessionCount">That had not moved.</param>
    protected abstract void Leave(int sessionCount);

    protected override void PreStart()
    {
        options.Validate();
        base.PreStart();
        Host.StartPeriodicTimer("status", new StatusDue(), options.StatusPeriod);
        Receive(new StatusDue());
    }

    /// <summary>A batch that still runs keeps its caches until it is done.</summary>
    protected override void PostStop()
    {
        base.PostStop();
        foreach (var cache in _caches.Values)
            Close(cache);
        _caches.Clear();
    }

    protected override (WorkerState State, ImmutableArray<WorkerEffect> Effects) Step(WorkerState state, object message, TimeSpan now) =>
        BackendWorker.Step(state, message, now);

    protected override void Perform(WorkerEffect effect)
    {
        switch (effect)
        {
            case WorkerEffect.Send send: Send(send.To, send.Body); break;
            case WorkerEffect.Watch watch: Watch(watch.Address); break;
            case WorkerEffect.CreateCache create: Create(create); break;
            case WorkerEffect.DropCache drop: Drop(drop.Session); break;
            case WorkerEffect.ComputeBatch compute: Compute(compute.Entries); break;
            case WorkerEffect.Remind remind: Host.StartTimer("gather", new GatheringOver(), remind.After); break;
            case WorkerEffect.Stop stop: Stop(stop.Reason); break;
            case WorkerEffect.Leave leave: Leave(leave.SessionCount); break;
        }
    }

    private void Create(WorkerEffect.CreateCache create)
    {
        Drop(create.Session);
        _caches[create.Session] = Open(create);
    }

    private void Drop(SessionKey session)
    {
        if (_caches.Remove(session, out var cache))
            Close(cache);
    }
}
