using SplitActors.Actors.Edge;
using SplitActors.Hosts.Serving;

namespace SplitActors.Hosts.Cli;

/// <summary>Stops the session's worker after a number of tokens (<c>--stop-worker-at</c>), within the turn that accepts the last of them.</summary>
internal sealed class WorkerStop(LocalCluster cluster, int? afterTokens)
{
    private string _worker = "";
    private int _generatedCount;
    private bool _hasStopped;

    /// <summary>What was asked for and did not happen, as the user wrote it; null if all did.</summary>
    public string? Missed => afterTokens is { } count && !_hasStopped ? $"--stop-worker-at {count}" : null;

    public void Observe(SessionEvent sessionEvent)
    {
        if (sessionEvent is SessionPlanned planned)
            _worker = planned.Plan.Worker;
        else if (sessionEvent is TokenGenerated && ++_generatedCount == afterTokens && _worker.Length > 0)
        {
            cluster.StopWorker(_worker);
            _hasStopped = true;
        }
    }
}
