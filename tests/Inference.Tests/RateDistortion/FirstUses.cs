namespace SplitActors.Inference.Tests.RateDistortion;

/// <summary>Two threads that meet, round after round, at something that nobody has used yet.</summary>
internal static class FirstUses
{
    private const int ThreadCount = 2;

    /// <param name="roundCount">Meetings.</param>
    /// <param name="usesPerRound">By each thread.</param>
    /// <param name="prepare">Called before each round, while both wait, with its number.</param>
    /// <param name="begin">Called on each thread: what it does for a round and a use, and what was wrong with that; null: nothing.</param>
    public static FirstUsesResult Run(long roundCount, int usesPerRound, Action<long> prepare, Func<Func<long, int, string?>> begin)
    {
        var (wrongCount, firstFault) = (0L, (string?)null);
        using var meeting = new Barrier(ThreadCount, barrier => prepare(barrier.CurrentPhaseNumber));
        var threads = Enumerable.Range(0, ThreadCount).Select(_ => new Thread(() =>
        {
            var faultOf = begin();
            for (var round = 0L; round < roundCount; round++)
            {
                meeting.SignalAndWait();
                for (var use = 0; use < usesPerRound; use++)
                {
                    if (faultOf(round, use) is not { } fault)
                        continue;
                    Interlocked.Increment(ref wrongCount);
                    Interlocked.CompareExchange(ref firstFault, fault, comparand: null);
                }
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return new FirstUsesResult(ThreadCount * roundCount * usesPerRound, wrongCount, firstFault);
    }
}

/// <summary>What two threads found.</summary>
/// <param name="UseCount">First uses, of both threads.</param>
/// <param name="WrongCount">That gave something wrong.</param>
/// <param name="FirstFault">What the first of them was; null if there was none.</param>
internal sealed record FirstUsesResult(long UseCount, long WrongCount, string? FirstFault);
