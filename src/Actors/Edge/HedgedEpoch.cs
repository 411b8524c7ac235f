using System.Collections.Immutable;
using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>An epoch whose worker is silent, as it was when the session began to replay elsewhere.</summary>
/// <param name="Plan">By which it runs.</param>
/// <param name="Epoch">Its number.</param>
/// <param name="Frames">All of the session, with the times at which they were sent there.</param>
/// <param name="SentCount">Of them.</param>
/// <param name="AckedCount">Of them.</param>
public sealed record HedgedEpoch(Plan Plan, uint Epoch, ImmutableList<StoredFrame> Frames, int SentCount, int AckedCount)
{
    /// <summary>Unanswered sends.</summary>
    public int Attempts { get; init; }

    /// <summary>Of the token in progress: what a hedge that loses was told does not count.</summary>
    public required TokenBill Bill { get; init; }

    /// <summary>From when on a hedge might have been opened, before this one was.</summary>
    public TimeSpan NotBefore { get; init; }

    public string Worker => Plan.Worker;

    /// <summary>Tokens that are acknowledged.</summary>
    public int AckedEnd => AckedCount == 0 ? 0 : Frames[AckedCount - 1].End;

    /// <summary>Tokens that were sent.</summary>
    public int SentEnd => Frames[SentCount - 1].End;

    public bool Is(ulong session, uint epoch, SessionId own) => session == own.Value && epoch == Epoch;
}
