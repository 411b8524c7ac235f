using System.Collections.Immutable;
using SplitActors.Actors;
using SplitActors.Actors.Backend;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;
using SplitActors.Simulation.Arithmetic;

namespace SplitActors.Simulation.Cluster;

/// <summary>What becomes of a worker over all its incarnations.</summary>
internal sealed class WorkerRecord
{
    /// <summary>Of its batches.</summary>
    public TimeSpan BusyTime { get; set; }

    /// <summary>Tokens that it sampled.</summary>
    public long TokenCount { get; set; }

    /// <summary>Tokens that went through its layers, replayed ones included.</summary>
    public long RowCount { get; set; }

    /// <summary>How many times as long its batches take now.</summary>
    public double Slowdown { get; set; } = 1;

    /// <summary>Its state after its last message; null before the first.</summary>
    public WorkerState? State { get; set; }
}

/// <summary>Tells a worker to leave.</summary>
/// <param name="Left">Called when it has.</param>
internal sealed record Leave(Action Left);

/// <summary>A worker on <see cref="ChainCache"/>s, in virtual time, looked at after each message.</summary>
internal sealed class SimulatedWorker(
    WorkerOptions options, IPeers transport, ClusterCosts costs, WorkerRecord record, ClusterWatch watch, ProtocolSeams seams, SplitMix64 random)
    : WorkerShell<ChainCache>(options, transport)
{
    private const int JitterPercentMax = 10;

    private readonly WorkerOptions _options = options;
    private Action? _left;

    protected override void PostStop()
    {
        base.PostStop();
        record.State = null;
    }

    public override void Receive(object message)
    {
        if (message is Leave leave)
        {
            _left = leave.Left;
            message = new LeaveCluster();
        }

        base.Receive(message);
        if (WorkerInvariants.Find(record.State!, message, _options, Caches) is { } fault)
            watch.Violate(_options.Address, fault);
    }

    protected override (WorkerState State, ImmutableArray<WorkerEffect> Effects) Step(WorkerState state, object message, TimeSpan now)
    {
        var step = seams.WorkerStep(state, message, now);
        record.State = step.State;
        return step;
    }

    protected override ChainCache Open(WorkerEffect.CreateCache create) => new(_options.Layers.End - create.LayerCount, create.TokenCountMax);

    /// <summary>What is dropped meanwhile has no result, as its session is another one then.</summary>
    protected override void Compute(ImmutableArray<BatchEntry> entries)
    {
        var results = ImmutableArray.CreateBuilder<EntryResult>(entries.Length);
        foreach (var entry in entries)
        {
            var isRefused = results.Any(result => result.Refusal is not null && result.Entry.Queued.Session == entry.Queued.Session);
            results.Add(isRefused
                ? new EntryResult(entry, Token: null, new Refusal(RejectReason.BadFrame, "It follows a step that was refused."), KvBytes: 0)
                : Caches[entry.Queued.Session].Compute(entry, _options.KvLayout.WithLayers(entry.Session.Layers.Count).BytesFor));
        }

        var time = TimeOf(entries);
        record.BusyTime += time;
        record.TokenCount += results.Count(result => result.Token is not null);
        record.RowCount += entries.Where(entry => entry.RunsLayers).Sum(entry => (long)entry.Step.TokenCount);
        Host.StartTimer("batch", new BatchComputed(results.MoveToImmutable(), DecodeUs: 0, (long)time.TotalMicroseconds), time);
    }

    protected override void Stop(string reason) => watch.Violate(_options.Address, reason);

    protected override void Leave(int sessionCount)
    {
        _left?.Invoke();
        Host.Stop();
    }

    private TimeSpan TimeOf(ImmutableArray<BatchEntry> entries)
    {
        var computed = entries.Where(entry => entry.RunsLayers).ToList();
        if (computed.Count == 0)
            return TimeSpan.FromMicroseconds(1);
        var rowCount = computed.Sum(entry => (int)entry.Step.TokenCount);
        var contextLength = computed.Max(entry => (int)(entry.Step.Position + entry.Step.TokenCount));
        var time = costs.BatchTime(computed.Max(entry => entry.Session.Layers.Count), rowCount, contextLength);
        return time * record.Slowdown * (1 + (0.01 * random.Next(JitterPercentMax + 1)));
    }
}
