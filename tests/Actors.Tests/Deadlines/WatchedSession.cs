using SplitActors.Actors.Edge;
using SplitActors.Simulation;

namespace SplitActors.Actors.Tests.Deadlines;

internal enum Verdict
{
    Kept,
    Degraded,
    Missed,
}

/// <summary>A session's events with their times, and what they say about its deadline, without what the session says itself.</summary>
internal sealed class WatchedSession(TimeSpan? deadline, VirtualTimeProvider time)
{
    private static readonly TimeSpan Rounding = TimeSpan.FromMicroseconds(1); // bills have whole microseconds

    private TimeSpan _tokenAt;
    private TimeSpan _promised;
    private TimeSpan _promisedAtStart;

    /// <summary>Of each token after the first: what its bill says, and whether that is so.</summary>
    public List<(Verdict Said, bool IsTrue)> Verdicts { get; } = [];

    public int TokenCount { get; private set; }

    /// <summary>What the response says of itself as a whole.</summary>
    public Ledger Ledger { get; } = new();

    public SessionEnded? Ended { get; private set; }

    public void Add(SessionEvent sessionEvent)
    {
        switch (sessionEvent)
        {
            case SessionPlanned { Plan.Deadline: { } promised }: Promise(promised.PromisedUs); break;
            case DeadlineUpdated updated: Promise(updated.Deadline.PromisedUs); break;
            case TokenGenerated generated: Add(generated); break;
            case SessionEnded ended: Ended = ended; break;
        }
    }

    private void Promise(uint microseconds) => _promised = TimeSpan.FromMicroseconds(microseconds);

    private void Add(TokenGenerated generated)
    {
        Ledger.Add(generated.Bill);
        if (TokenCount++ > 0 && deadline is { } asked)
        {
            var (bill, elapsed) = (generated.Bill, time.Elapsed - _tokenAt);
            Assert.Equal(1, bill.KeptCount + bill.DegradedCount + bill.MissedCount);
            var said = bill.KeptCount == 1 ? Verdict.Kept : bill.DegradedCount == 1 ? Verdict.Degraded : Verdict.Missed;
            Verdicts.Add((said, said switch
            {
                Verdict.Kept => elapsed <= asked + Rounding,
                Verdict.Degraded => elapsed > asked - Rounding && elapsed <= _promisedAtStart + Rounding,
                _ => elapsed > asked - Rounding && elapsed > _promisedAtStart - Rounding,
            }));
        }

        (_tokenAt, _promisedAtStart) = (time.Elapsed, _promised);
    }
}
