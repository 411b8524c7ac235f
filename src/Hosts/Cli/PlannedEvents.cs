using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Hosts.Serving;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Makes happen what <c>--resplit-at</c> and <c>--cut-link-at</c> want, within the turn that accepts the token they name.
/// </summary>
internal sealed class PlannedEvents(LocalCluster cluster, SessionId session, RunMoves moves, Func<int, FixedPlan> planFor)
{
    private int _generatedCount;

    public void Observe(SessionEvent sessionEvent)
    {
        if (sessionEvent is SessionPlanned && _generatedCount == 0)
            CutOrHeal();
        if (sessionEvent is not TokenGenerated)
            return;
        _generatedCount++;
        CutOrHeal();
        foreach (var resplit in moves.Resplits.Where(resplit => resplit.AtToken == _generatedCount))
            cluster.MoveSession(session, planFor(resplit.SplitLayer), $"--resplit-at {resplit.AtToken}:{resplit.SplitLayer}");
    }

    private void CutOrHeal()
    {
        if (moves.Cut?.FromToken == _generatedCount)
            cluster.IsLinkCut = true;
        else if (moves.Cut?.ToToken == _generatedCount)
            cluster.IsLinkCut = false;
    }
}
