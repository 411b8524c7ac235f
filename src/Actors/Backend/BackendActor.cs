using System.Collections.Immutable;
using SplitActors.Actors.Kernel;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Transport;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Actors.Backend;

/// <summary>
/// A worker: performs what <see cref="BackendWorker"/> decides, and owns the sessions' caches. A failure restarts it empty; its devices
/// replay.
/// </summary>
/// <param name="options">What it holds, and its limits.</param>
/// <param name="transport">The way to devices and scheduler.</param>
/// <param name="engine">Used by this instance alone, and disposed with it.</param>
/// <param name="report">Told why it stopped itself, and of devices that send what cannot be right.</param>
public sealed class BackendActor(WorkerOptions options, ITransport transport, BackEngine engine, Action<string>? report = null)
    : SteppedActor<WorkerState, WorkerEffect>(new WorkerState(options), options.Address, transport)
{
    private readonly Dictionary<SessionId, KvCache> _caches = [];
    private readonly RefusalLog _refusals = new(options.Address, report);

    protected override void PreStart()
    {
        options.Validate();
        base.PreStart();
        Context.Timers.StartPeriodic("status", new StatusDue(), options.StatusPeriod);
        Receive(new StatusDue());
    }

    /// <summary>A batch that still runs keeps its caches until it is done.</summary>
    protected override void PostStop()
    {
        base.PostStop();
        foreach (var cache in _caches.Values)
            cache.Dispose();
        _caches.Clear();
        engine.Dispose();
    }

    protected override void Receive(object message)
    {
        if (message is Failure failure)
            throw new InvalidOperationException($"A batch failed: {failure.Cause.Message}", failure.Cause);
        base.Receive(message);
    }

    protected override (WorkerState State, ImmutableArray<WorkerEffect> Effects) Step(WorkerState state, object message, TimeSpan now) =>
        BackendWorker.Step(state, message, now);

    protected override void Perform(WorkerEffect effect)
    {
        switch (effect)
        {
            case WorkerEffect.Send send: Answer(send); break;
            case WorkerEffect.Watch watch: Watch(watch.Address); break;
            case WorkerEffect.CreateCache create: Create(create); break;
            case WorkerEffect.DropCache drop: Drop(drop.Session); break;
            case WorkerEffect.ComputeBatch compute: Compute(compute); break;
            case WorkerEffect.Remind remind: Context.Timers.StartSingle("gather", new GatheringOver(), remind.After); break;
            case WorkerEffect.Stop stop: Stop(stop.Reason); break;
            case WorkerEffect.Leave leave: Stop($"The worker has left the cluster; {leave.SessionCount} of its sessions had not moved."); break;
        }
    }

    private void Answer(WorkerEffect.Send send)
    {
        _refusals.Note(send.To, send.Body);
        Send(send.To, send.Body);
    }

    private void Stop(string reason)
    {
        report?.Invoke(reason);
        Context.Stop(Context.Self);
    }

    private void Create(WorkerEffect.CreateCache create)
    {
        Drop(create.Session);
        _caches[create.Session] = engine.OpenCache(create.LayerCount, create.TokenCountMax);
    }

    private void Drop(SessionId session)
    {
        if (_caches.Remove(session, out var cache))
            engine.CloseCache(cache);
    }

    private void Compute(WorkerEffect.ComputeBatch compute)
    {
        var works = compute.Entries.Select(entry => new BatchWork(entry, _caches[entry.Queued.Session])).ToArray();
        Context.RunOffloaded(() => engine.Compute(works));
    }
}
