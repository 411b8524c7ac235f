using System.Collections.Immutable;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Peers;
using SplitActors.Actors.Protocol;

namespace SplitActors.Simulation.Cluster;

/// <summary>
/// What always holds of one session's epochs, alternatives and hedges: seen from what it is told and what it does, beside what it says
/// of itself.
/// </summary>
internal sealed class HedgeInvariants
{
    private readonly Dictionary<uint, uint> _answered = [];
    private (string Worker, uint Epoch) _opened = ("", 0);
    private TimeSpan _notBefore;
    private TimeSpan _notBeforeThat;
    private long _leavingBytes;
    private string _leavingTo = "";
    private (int Opened, int Won, int Lost, int Rows) _counts;
    private int _replayedEnd;

    /// <returns>What does not hold; null if all does.</returns>
    public string? Find(EdgeState before, object message, EdgeState after, ImmutableArray<EdgeEffect> effects, TimeSpan now)
    {
        Hear(message);
        return FindInOpenings(effects) ?? FindInAnswers(after) ?? FindInHedges(before, message, after, effects, now)
            ?? FindInMoves(before, after, effects) ?? FindInBills(after, effects);
    }

    private void Hear(object message)
    {
        if (message is Outgoing outgoing && outgoing.To.StartsWith("worker/", StringComparison.Ordinal))
            (_leavingTo, _leavingBytes) = (outgoing.To, outgoing.ByteCount);
        else if (message is Received { Body: StepResult result })
            _answered[result.Epoch] = Math.Max(_answered.GetValueOrDefault(result.Epoch), result.NextPosition);
    }

    /// <summary>Each opening but a repeat has an epoch that is newer than all before.</summary>
    private string? FindInOpenings(ImmutableArray<EdgeEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (effect is not EdgeEffect.Send { Body: OpenSession open } send || (send.To, open.Epoch) == _opened)
                continue;
            if (open.Epoch <= _opened.Epoch)
                return $"it opens epoch {open.Epoch} on {send.To} after epoch {_opened.Epoch} on {_opened.Worker}";
            _opened = (send.To, open.Epoch);
        }

        return null;
    }

    private string? FindInAnswers(EdgeState after)
    {
        if (after.AckedCount == 0 || after.AckedCount > after.Frames.Count)
            return null;
        var (ackedEnd, answered) = (after.Frames[after.AckedCount - 1].End, _answered.GetValueOrDefault(after.Epoch));
        return ackedEnd > answered ? $"in epoch {after.Epoch} {ackedEnd} tokens count as acknowledged; {answered} are" : null;
    }

    private string? FindInHedges(EdgeState before, object message, EdgeState after, ImmutableArray<EdgeEffect> effects, TimeSpan now)
    {
        var isGone = message is PeerLost or Undelivered or Received { Body: Rejected };
        if (before.Hedged is { } old && after.Hedged is null)
        {
            var isReturned = after.Epoch == old.Epoch;
            var (loser, epoch) = isReturned ? (before.Worker, before.Epoch) : (old.Worker, old.Epoch);
            var isClosed = effects.OfType<EdgeEffect.Send>().Any(send => send.To == loser && send.Body is CloseSession close && close.Epoch == epoch);
            if (!isGone && !isClosed)
                return $"it does not close epoch {epoch} on {loser}, which lost to epoch {after.Epoch}";
            var isWon = effects.OfType<EdgeEffect.Publish>().Any(published => published.Event is WorkerReplaced replaced && replaced.Lost == old.Worker);
            _counts = isWon ? _counts with { Won = _counts.Won + 1 } : _counts with { Lost = _counts.Lost + 1 };
            if (isWon && isGone)
                _notBefore = _notBeforeThat;
        }

        if (after.Hedged is not null && (before.Hedged is null || after.Epoch != before.Epoch))
        {
            _counts = _counts with { Opened = _counts.Opened + 1, Lost = _counts.Lost + (before.Hedged is null ? 0 : 1) };
            _replayedEnd = 0;
        }

        if (before.Hedged is null && after.Hedged is { } silent)
        {
            if (_leavingBytes > 0 && _leavingTo == silent.Worker)
                return $"it hedges {silent.Worker} while {_leavingBytes} bytes for it have not left";
            if (now < _notBefore)
                return $"it hedges at {now}; after the last hedge it may not before {_notBefore}";
            (_notBeforeThat, _notBefore) = (_notBefore, now + TimeSpan.FromMilliseconds(silent.Plan.HedgePauseMs));
        }

        CountRows(after, effects);
        return after.HedgeNotBefore == _notBefore
            ? null
            : $"it may hedge from {after.HedgeNotBefore} on; by its hedges so far it is {_notBefore}";
    }

    private void CountRows(EdgeState after, ImmutableArray<EdgeEffect> effects)
    {
        if (after.Hedged is null)
            return;
        foreach (var effect in effects)
        {
            if (effect is not EdgeEffect.Send { Body: DecodeStep { TokenCount: > 0 } step })
                continue;
            if (step.Epoch != after.Epoch || step.Position < _replayedEnd)
                continue;
            _counts = _counts with { Rows = _counts.Rows + (int)step.TokenCount };
            _replayedEnd = (int)(step.Position + step.TokenCount);
        }
    }

    /// <summary>The scheduler is told of what the device chose itself.</summary>
    private static string? FindInMoves(EdgeState before, EdgeState after, ImmutableArray<EdgeEffect> effects)
    {
        var hasOpened = before.IsOwnChoice && !after.IsOwnChoice && after.Phase == EdgePhase.Running && after.Worker == before.Worker;
        var runs = before.Phase == EdgePhase.Running && after.Phase == EdgePhase.Running;
        var hasWon = runs && before.Hedged is not null && after.Hedged is null && after.Epoch == before.Epoch;
        return (hasOpened || hasWon) && !effects.Any(effect => effect is EdgeEffect.Send { Body: PlanRequest { HasMoved: true } })
            ? $"it goes on at {after.Worker} by its own choice and does not tell the scheduler"
            : null;
    }

    private string? FindInBills(EdgeState after, ImmutableArray<EdgeEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (effect is not EdgeEffect.Publish { Event: TokenGenerated { Bill: var bill } })
                continue;
            var billed = (bill.HedgeCount, bill.HedgeWonCount, bill.HedgeLostCount, bill.HedgeRowCount);
            if (billed != _counts || bill.HedgeCount != bill.HedgeWonCount + bill.HedgeLostCount)
                return $"the bill of token {after.GeneratedCount - 1} has hedges {billed}; opened, won, lost and replayed were {_counts}";
            _counts = default;
        }

        return null;
    }
}
