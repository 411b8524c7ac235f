using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Stepping;
using SplitActors.Inference.KvCaching;

namespace SplitActors.EndToEnd.Batching;

/// <summary>Welcomes the worker, and keeps the most that its statuses say, and that its pools hold then.</summary>
internal sealed class SchedulerStub(LocalPeers transport, KvPagePools pools) : IStepShell
{
    public const string Address = "scheduler";

    private long _queuedRowsMost;
    private long _kvBytesMost;
    private long _sessionsMost;

    public long QueuedRowsMost => Interlocked.Read(ref _queuedRowsMost);

    public long KvBytesMost => Interlocked.Read(ref _kvBytesMost);

    public long SessionsMost => Interlocked.Read(ref _sessionsMost);

    public void Start(IStepHost host) => transport.Register(Address, host.Post);

    public void Fail(Exception reason)
    {
    }

    public void Stop() => transport.Unregister(Address);

    public void Receive(object message)
    {
        if (message is Received { Body: Hello } hello)
            transport.Send(Address, hello.From, new Welcome());
        if (message is not Received { Body: WorkerStatus status })
            return;
        Interlocked.Exchange(ref _queuedRowsMost, Math.Max(_queuedRowsMost, status.QueuedRows));
        Interlocked.Exchange(ref _sessionsMost, Math.Max(_sessionsMost, status.SessionCount));
        Interlocked.Exchange(ref _kvBytesMost, Math.Max(_kvBytesMost, pools.BytesAllocated));
    }
}
