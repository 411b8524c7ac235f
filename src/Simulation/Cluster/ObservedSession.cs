using System.Collections.Immutable;
using SplitActors.Actors.Edge;
using SplitActors.Simulation.Arithmetic;

namespace SplitActors.Simulation.Cluster;

/// <summary>One session's events, compared as they come with the text of a session where nothing goes wrong, and with the clock.</summary>
internal sealed class ObservedSession(
    long number, string address, ImmutableList<int> prompt, EdgeOptions options, VirtualTimeProvider time, ClusterWatch watch, ClusterTally tally)
{
    private static readonly TimeSpan Rounding = TimeSpan.FromMicroseconds(1); // bills have whole microseconds

    private readonly ChainReference _reference = new(prompt, options.Sampling);
    private readonly TimeSpan _startedAt = time.Elapsed;
    private TimeSpan _tokenAt = time.Elapsed;
    private TimeSpan _promised;
    private TimeSpan _promisedAtStart;
    private bool _isRecovering;

    public string Address => address;

    public int TokenCount { get; private set; }

    public SessionEnded? Ended { get; private set; }

    /// <summary>Its device is gone, and with it the session.</summary>
    public bool IsCrashed { get; set; }

    /// <summary>How many times as long its device takes now.</summary>
    public required Func<double> Slowdown { get; init; }

    /// <summary>Told when it has ended.</summary>
    public required Action WhenEnded { get; init; }

    public double LoadFailureRate { get; init; }

    /// <summary>How often its plans' alternatives are outdated.</summary>
    public double StaleAlternativeRate { get; init; }

    /// <summary>It may fail with a reason.</summary>
    public bool AllowsFailure { get; init; }

    public void Add(SessionEvent happened)
    {
        if (IsCrashed)
            return;
        watch.Trace.Add(time.Elapsed, number, happened);
        if (Ended is not null)
            Violate($"after its end it says {happened}");
        switch (happened)
        {
            case SessionPlanned planned: _promised = TimeSpan.FromMicroseconds(planned.Plan.Deadline?.PromisedUs ?? 0); break;
            case DeadlineUpdated updated: _promised = TimeSpan.FromMicroseconds(updated.Deadline.PromisedUs); break;
            case TokenGenerated generated: Add(generated); break;
            case WorkerReplaced:
                tally.FailoverCount++;
                _isRecovering = true;
                break;
            case SessionMoved: tally.MoveCount++; break;
            case SessionEnded ended: End(ended); break;
        }
    }

    private void Add(TokenGenerated generated)
    {
        var expected = _reference.Next();
        if (generated.Token != expected)
            Violate($"token {TokenCount} is {generated.Token}; undisturbed it is {expected}");
        if (Math.Abs((time.Elapsed - _tokenAt - TimeSpan.FromMicroseconds(generated.Bill.ElapsedUs)).Ticks) > Rounding.Ticks)
            Violate($"token {TokenCount} took {time.Elapsed - _tokenAt}; its bill says {generated.Bill.ElapsedUs} µs");
        CheckVerdict(generated.Bill);
        tally.AddHedges(generated.Bill);
        if (TokenCount == 0)
            tally.TtftUs.Add(Microseconds(time.Elapsed - _startedAt));
        else
            tally.TpotUs.Add(Microseconds(time.Elapsed - _tokenAt));
        if (_isRecovering)
            tally.RecoveryUs.Add(Microseconds(time.Elapsed - _tokenAt));
        _isRecovering = false;
        TokenCount++;
        (_tokenAt, _promisedAtStart) = (time.Elapsed, _promised);
    }

    /// <summary>Of each token after the first of a session with a deadline: kept, degraded or missed, as the clock has it.</summary>
    private void CheckVerdict(TokenBill bill)
    {
        if (options.Deadline is not { } asked || TokenCount == 0)
        {
            if (bill.KeptCount + bill.DegradedCount + bill.MissedCount > 0)
                Violate($"token {TokenCount} has no deadline, and its bill has a verdict");
            return;
        }

        var elapsed = time.Elapsed - _tokenAt;
        var isTrue = (bill.KeptCount, bill.DegradedCount, bill.MissedCount) switch
        {
            (1, 0, 0) => elapsed <= asked + Rounding,
            (0, 1, 0) => elapsed > asked - Rounding && elapsed <= _promisedAtStart + Rounding,
            (0, 0, 1) => elapsed > asked - Rounding && elapsed > _promisedAtStart - Rounding,
            _ => false,
        };
        if (!isTrue)
            Violate($"token {TokenCount} took {elapsed} of {asked} asked and {_promisedAtStart} promised; its bill says kept {bill.KeptCount}, degraded {bill.DegradedCount}, missed {bill.MissedCount}");
        tally.Add(bill);
    }

    private void End(SessionEnded ended)
    {
        Ended = ended;
        if (ended.Reason == EndReason.Failed && (!AllowsFailure || ended.Detail is not { Length: > 0 }))
            Violate($"it failed: {ended.Detail}");
        if (ended.Reason == EndReason.TokenLimit && TokenCount != options.GeneratedCountMax)
            Violate($"it ended after {TokenCount} of {options.GeneratedCountMax} tokens, because of their number");
        tally.End(ended.Reason, TokenCount);
        WhenEnded();
    }

    private void Violate(string what) => watch.Violate(address, what);

    private static long Microseconds(TimeSpan span) => (long)span.TotalMicroseconds;
}
