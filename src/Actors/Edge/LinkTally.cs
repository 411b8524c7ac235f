using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>What a session saw of its link since the last report; round trips are without the worker's own time.</summary>
public sealed record LinkTally(int StepCount, long BytesSent, long RoundTripUsSum, long RoundTripUsMin, int RetryCount)
{
    public static LinkTally Empty { get; } = new(0, 0, 0, long.MaxValue, 0);

    public LinkTally WithMessage(long bytes, bool isRepeat) =>
        this with { BytesSent = BytesSent + bytes, RetryCount = RetryCount + (isRepeat ? 1 : 0) };

    public LinkTally WithRoundTrip(long transportUs) => this with
    {
        StepCount = StepCount + 1,
        RoundTripUsSum = RoundTripUsSum + transportUs,
        RoundTripUsMin = Math.Min(RoundTripUsMin, transportUs),
    };

    public LinkReport ToMessage(SessionId session) => new()
    {
        SessionId = session.Value,
        StepCount = (uint)StepCount,
        BytesSent = (ulong)BytesSent,
        RoundTripUsSum = (ulong)RoundTripUsSum,
        RoundTripUsMin = (uint)Math.Min(RoundTripUsMin, uint.MaxValue),
        RetryCount = (uint)RetryCount,
    };
}
