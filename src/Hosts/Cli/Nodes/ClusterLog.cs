using System.Collections.Immutable;
using SplitActors.Actors.Scheduling;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>Tells the scheduler's operator whether it is the active one, who joins and who is gone, and now and then how busy all are.</summary>
/// <param name="log">Where to.</param>
/// <param name="clock">Measures silence.</param>
internal sealed class ClusterLog(NodeLog log, TimeProvider clock)
{
    /// <summary>Workers report every second, and only to the scheduler that is active.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, RegisteredWorker> _joined = new(StringComparer.Ordinal);
    private ImmutableArray<SchedulerState> _states = [];
    private TimeSpan _heard = TimeSpan.MinValue; // by the actor's clock
    private long _heardAt = long.MinValue;

    /// <summary>Within the scheduler's turn.</summary>
    public void Observe(ImmutableArray<SchedulerState> states)
    {
        ImmutableInterlocked.InterlockedExchange(ref _states, states);
        foreach (var (address, worker) in states.SelectMany(state => state.Workers))
        {
            var known = _joined.GetValueOrDefault(address);
            if (ReferenceEquals(worker, known))
                continue;
            NoteActivity(worker.SeenAt);
            _joined[address] = worker;
            if (known is null)
                log.Write("joined", $"{address} joined with {worker.Layers}, for at most {worker.SessionCountMax} sessions");
            else if (worker.IsLeaving && !known.IsLeaving)
                log.Write("leaving", $"{address} is leaving; its sessions go elsewhere");
        }

        foreach (var address in _joined.Keys.Where(address => !states.Any(state => state.Workers.ContainsKey(address))).ToImmutableArray())
        {
            _joined.Remove(address);
            log.Write("lost", $"{address} is gone");
        }
    }

    /// <summary>A line for each model and each worker; from any thread.</summary>
    public void Report()
    {
        if (!IsActive)
        {
            log.Write("status", "stands by, or hears of no worker");
            return;
        }

        foreach (var state in _states)
        {
            log.Write("status", $"model {Convert.ToHexStringLower(state.Options.ModelDigest.Span[..6])}: workers: {state.Workers.Count}, sessions: {state.Sessions.Count}");
            foreach (var (address, worker) in state.Workers)
                log.Write("status", Describe(address, worker, state.SessionsOn(address).Count));
        }
    }

    private bool IsActive => Volatile.Read(ref _heardAt) is var at and not long.MinValue && clock.GetElapsedTime(at) <= SilenceMax;

    private void NoteActivity(TimeSpan heard)
    {
        if (heard <= _heard)
            return;
        if (!IsActive)
            log.Write("active", "is the cluster's scheduler now");
        _heard = heard;
        Volatile.Write(ref _heardAt, clock.GetTimestamp());
    }

    private static string Describe(string address, RegisteredWorker worker, int placedCount) => worker.Status is { } status
        ? FormattableString.Invariant($"{address}: {placedCount} sessions placed, {status.SessionCount} there, {status.QueuedRows} tokens waiting, {status.KvBytes / 1e6:0.#} MB of keys and values, {status.RowsComputed} tokens in {status.BatchCount} batches so far")
        : $"{address}: {placedCount} sessions placed, no report yet";
}
