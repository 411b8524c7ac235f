namespace SplitActors.Simulation.Cluster;

/// <summary>Keeps the first thing that must never happen.</summary>
internal sealed class ClusterWatch(VirtualTimeProvider time)
{
    /// <summary>What, where and when; null as long as all is well.</summary>
    public string? Violation { get; private set; }

    /// <summary>Order-sensitive over all messages and all events of all sessions.</summary>
    public TraceHash Trace { get; } = new();

    public void Violate(string where, string what) =>
        Violation ??= FormattableString.Invariant($"{where}, after {time.Elapsed.TotalSeconds:0.######} s: {what}");

    /// <summary>No node may throw.</summary>
    public void Observe(NodeEvent nodeEvent)
    {
        if (nodeEvent is NodeFailed failed)
            Violate(failed.Node.Name, failed.Cause.Message);
    }
}
