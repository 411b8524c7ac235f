namespace SplitActors.Actors.Tests.Sessions;

/// <summary>Throws at chosen readings: a fault in the middle of the engine's work, which measures itself.</summary>
internal sealed class FailingClock(TimeProvider clock, int[] failAt) : TimeProvider
{
    private int _readingCount;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override long GetTimestamp() =>
        failAt.Contains(++_readingCount) ? throw new InvalidOperationException($"Injected at reading {_readingCount}.") : clock.GetTimestamp();
}
