using System.Collections.Immutable;
using SplitActors.Actors.Kernel;
using SplitActors.Actors.Transport;
using SplitActors.Inference.KvCaching;

namespace SplitActors.Actors.Backend;

/// <summary>A worker on an engine that computes. A failure restarts it empty; its devices replay.</summary>
/// <param name="options">What it holds, and its limits.</param>
/// <param name="transport">The way to devices and scheduler.</param>
/// <param name="engine">Used by this instance alone, and disposed with it.</param>
/// <param name="report">Told why it stopped itself, and of devices that send what cannot be right.</param>
public sealed class BackendActor(WorkerOptions options, ITransport transport, BackEngine engine, Action<string>? report = null)
    : WorkerShell<KvCache>(options, transport)
{
    private readonly RefusalLog _refusals = new(options.Address, report);

    protected override void PostStop()
    {
        base.PostStop();
        engine.Dispose();
    }

    protected override void Receive(object message)
    {
        if (message is Failure failure)
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
        Context.RunOffloaded(() => engine.Compute(works));
    }

    protected override void Stop(string reason)
    {
        report?.Invoke(reason);
        Context.Stop(Context.Self);
    }

    protected override void Leave(int sessionCount) => Stop($"The worker has left the cluster; {sessionCount} of its sessions had not moved.");
}
