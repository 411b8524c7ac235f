using System.Collections.Immutable;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Stepping;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Actors.Backend;

/// <summary>A worker. A failure restarts it empty; its devices replay.</summary>
/// <param name="options">What it holds, and its limits.</param>
/// <param name="peers">The way to devices and scheduler.</param>
/// <param name="engine">Makes one for each incarnation, which disposes it.</param>
/// <param name="lanes">Threads that compute.</param>
/// <param name="report">Told why it stopped itself, and of devices that send what cannot be right.</param>
public sealed class BackendWorkerActor(WorkerOptions options, IPeers peers, Func<BackEngine> engine, ComputeLanes lanes, Action<string>? report = null)
    : StepActor(() => new ComputingWorker(options, peers, engine(), report), lanes);

/// <summary>A worker on an engine that computes.</summary>
/// <param name="engine">Used by this shell alone, and disposed with it.</param>
public sealed class ComputingWorker(WorkerOptions options, IPeers peers, BackEngine engine, Action<string>? report = null)
    : WorkerShell<KvCache>(options, peers)
{
    private readonly RefusalLog _refusals = new(options.Address, report);

    protected override void PostStop()
    {
        base.PostStop();
        engine.Dispose();
    }

    public override void Receive(object message)
    {
        if (message is WorkFailed failure)
            throw new InvalidOperationException($"A batch failed: {failure.Cause.Message}", failure.Cause);
        base.Receive(message);
    }

    protected override void Perform(WorkerEffect effect)
    {
        if (effect is WorkerEffect.Send send)
            _refusals.Note(send.To, send.Body);
        base.Perform(effect);
    }

    protected override KvCache Open(WorkerEffect.CreateCache create) => engine.OpenCache(create.LayerCount, create.TokenCountMax);

    protected override void Close(KvCache cache) => engine.CloseCache(cache);

    protected override void Compute(ImmutableArray<BatchEntry> entries)
    {
        var works = entries.Select(entry => new BatchWork(entry, Caches[entry.Queued.Session])).ToArray();
        Host.Compute(() => engine.Compute(works));
    }

    protected override void Stop(string reason)
    {
        report?.Invoke(reason);
        Host.Stop();
    }

    protected override void Leave(int sessionCount)
    {
        if (sessionCount > 0)
            report?.Invoke($"The worker has left the cluster; {sessionCount} of its sessions had not moved.");
        Host.Stop();
    }
}
