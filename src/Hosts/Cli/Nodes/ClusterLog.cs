using System.Collections.Immutable;
using SplitActors.Actors.Scheduling;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>Tells the scheduler's operator who joins and who is gone, and now and then how busy all are.</summary>
/// <param name="log">Where to.</param>
internal sealed class ClusterLog(NodeLog log)
{
    private readonly HashSet<string> _joined = new(StringComparer.Ordinal);
    private volatile SchedulerState? _state;

    /// <summary>Within the scheduler's turn.</summary>
    public void Observe(SchedulerState state)
    {
        if (ReferenceEquals(state.Workers, _state?.Workers))
        {
            _state = state;
            return;
        }

        _state = state;
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
        if (_state is not { } state)
        {
            log.Write("status", "stands by, or has heard of nobody yet");
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
}
