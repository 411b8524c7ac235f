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

    private readonly HashSet<string> _joined = new(StringComparer.Ordinal);
    private volatile SchedulerState? _state;
    private TimeSpan _heard = TimeSpan.MinValue; // by the actor's clock
    private long _heardAt = long.MinValue;

    /// <summary>Within the scheduler's turn.</summary>
    public void Observe(SchedulerState state)
    {
        var before = _state;
        _state = state;
        if (ReferenceEquals(state.Workers, before?.Workers))
            return;
        NoteActivity(state.Workers.Values.Select(worker => worker.SeenAt).DefaultIfEmpty(TimeSpan.MinValue).Max());
        foreach (var (address, worker) in state.Workers)
        {
            if (_joined.Add(address))
                log.Write("joined", $"{address} joined with {worker.Layers}, for at most {worker.SessionCountMax} sessions");
        }

        foreach (var address in _joined.Where(address => !state.Workers.ContainsKey(address)).ToImmutableArray())
        {
            _joined.Remove(address);
            log.Write("lost", $"{address} is gone");
        }
    }

    /// <summary>A line for each worker; from any thread.</summary>
    public void Report()
    {
        if (!IsActive || _state is not { } state)
        {
            log.Write("status", "stands by, or hears of no worker");
            return;
        }

        log.Write("status", $"workers: {state.Workers.Count}, sessions: {state.Sessions.Count}");
        foreach (var (address, worker) in state.Workers)
        {
            var placed = state.Sessions.Values.Count(session => session.Worker == address);
            log.Write("status", worker.Status is { } status
                ? FormattableString.Invariant($"{address}: {placed} sessions placed, {status.SessionCount} there, {status.QueuedRows} tokens waiting, {status.KvBytes / 1e6:0.#} MB of keys and values, {status.RowsComputed} tokens in {status.BatchCount} batches so far")
                : $"{address}: {placed} sessions placed, no report yet");
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
}
