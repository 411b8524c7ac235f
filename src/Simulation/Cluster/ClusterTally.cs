using SplitActors.Actors.Edge;

namespace SplitActors.Simulation.Cluster;

/// <summary>What all sessions of a run came to.</summary>
internal sealed class ClusterTally
{
    private readonly SortedDictionary<EndReason, int> _ends = [];

    public int StartedCount { get; set; }

    /// <summary>Ended with their devices.</summary>
    public int CrashedCount { get; set; }

    public int FailoverCount { get; set; }

    public HedgeCounts Hedges { get; private set; }

    public int MoveCount { get; set; }

    public long TokenCount { get; private set; }

    public long KeptCount { get; private set; }

    public long DegradedCount { get; private set; }

    public long MissedCount { get; private set; }

    /// <summary>In virtual time.</summary>
    public List<long> TtftUs { get; } = [];

    public List<long> TpotUs { get; } = [];

    public List<long> RecoveryUs { get; } = [];

    public IReadOnlyDictionary<EndReason, int> Ends => _ends;

    public void AddHedges(TokenBill bill) => Hedges += HedgeCounts.Of(bill);

    public void Add(TokenBill bill)
    {
        KeptCount += bill.KeptCount;
        DegradedCount += bill.DegradedCount;
        MissedCount += bill.MissedCount;
    }

    public void End(EndReason reason, int tokenCount)
    {
        _ends[reason] = _ends.GetValueOrDefault(reason) + 1;
        TokenCount += tokenCount;
    }
}
