using SplitActors.Actors.Edge;
using SplitActors.Actors.Simulation;

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
    private TimeSpan _tokenAt;
    private TimeSpan _promised;
    private TimeSpan _promisedAtStart;

    public TimeSpan? Deadline => deadline;

    /// <summary>Of each token after the first: by its times, and by its bill.</summary>
    public List<(Verdict Seen, Verdict Said)> Verdicts { get; } = [];

    public List<TimeSpan> TokenTimes { get; } = [];

    public List<TimeSpan> Promises { get; } = [];

    public int TokenCount { get; private set; }

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

    private void Promise(uint microseconds)
    {
        _promised = TimeSpan.FromMicroseconds(microseconds);
        Promises.Add(_promised);
    }

    private void Add(TokenGenerated generated)
    {
        if (TokenCount++ > 0 && deadline is { } asked)
        {
            var elapsed = time.Elapsed - _tokenAt;
            var (bill, slack) = (generated.Bill, TimeSpan.FromMicroseconds(1)); // the bill has whole microseconds
            Assert.Equal(1, bill.KeptCount + bill.DegradedCount + bill.MissedCount);
            TokenTimes.Add(elapsed);
            Verdicts.Add((
                elapsed <= asked + slack ? Verdict.Kept : elapsed <= _promisedAtStart + slack ? Verdict.Degraded : Verdict.Missed,
                bill.KeptCount == 1 ? Verdict.Kept : bill.DegradedCount == 1 ? Verdict.Degraded : Verdict.Missed));
        }

        (_tokenAt, _promisedAtStart) = (time.Elapsed, _promised);
    }
}
