using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Hosts.Serving;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Makes happen what <c>--resplit-at</c>, <c>--relink-at</c>, <c>--device-memory-at</c> and <c>--cut-link-at</c> want, within the turn that accepts the token they name.
/// </summary>
internal sealed class PlannedEvents(LocalCluster cluster, SessionId session, RunOptions options, Func<int, FixedPlan> planFor)
{
    private readonly RunMoves _moves = options.Moves;
    private int _generatedCount;

    /// <summary>What the text was too short for, as the user wrote it.</summary>
    public IEnumerable<string> Missed
    {
        get
        {
            if (_moves.Relink is var (relinkAt, link) && relinkAt > _generatedCount)
                yield return $"--relink-at {relinkAt}:{link.Text}";
            if (options.Planning.MemoryChange is { } change && change.AtToken > _generatedCount)
                yield return $"--device-memory-at {change.AtToken}:…";
            if (_moves.Cut is { } cut && cut.FromToken > _generatedCount)
                yield return $"--cut-link-at {cut.FromToken}{(cut.ToToken is { } end ? $":{end}" : "")}";
            foreach (var resplit in _moves.Resplits.Where(resplit => resplit.AtToken > _generatedCount))
                yield return $"--resplit-at {resplit.AtToken}:{resplit.SplitLayer}";
        }
    }

    /// <summary>Of the session so far.</summary>
    public int GeneratedCount => _generatedCount;

    public void Observe(SessionEvent sessionEvent)
    {
        if (sessionEvent is SessionPlanned && _generatedCount == 0)
            CutOrHeal();
        if (sessionEvent is not TokenGenerated)
            return;
        _generatedCount++;
        CutOrHeal();
        if (_moves.Relink is var (relinkAt, link) && relinkAt == _generatedCount)
            cluster.ChangeLink(link.Profile);
        if (options.Planning.MemoryChange is { } change && change.AtToken == _generatedCount)
            cluster.ChangeDeviceMemory(session, change.Bytes);
        foreach (var resplit in _moves.Resplits.Where(resplit => resplit.AtToken == _generatedCount))
            cluster.MoveSession(session, planFor(resplit.SplitLayer), $"--resplit-at {resplit.AtToken}:{resplit.SplitLayer}");
    }

    private void CutOrHeal()
    {
        if (_moves.Cut?.FromToken == _generatedCount)
            cluster.IsLinkCut = true;
        else if (_moves.Cut?.ToToken == _generatedCount)
            cluster.IsLinkCut = false;
    }
}
