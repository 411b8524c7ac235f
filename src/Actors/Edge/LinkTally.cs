using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Edge;

/// <summary>What a session saw of its link since the last report; round trips are without the worker's own time.</summary>
public sealed record LinkTally(int StepCount, long BytesSent, long RoundTripUsSum, long RoundTripUsMin, int RetryCount)
{
    public static LinkTally Empty { get; } = new(0, 0, 0, long.MaxValue, 0);

    /// <summary>Most that a token took beside link and worker.</summary>
    public long DeviceUsMax { get; init; }

    /// <summary>What tokens took beside link and worker, and how many they are.</summary>
    public (long DeviceUsSum, int Count) Tokens { get; init; }

    /// <summary>Tokens that took longer than was promised.</summary>
    public int MissedCount { get; init; }

    /// <param name="deviceUs">What the token took beside link and worker.</param>
    /// <param name="isMissed">It took longer than was promised.</param>
    public LinkTally WithToken(long deviceUs, bool isMissed) => this with
    {
        DeviceUsMax = Math.Max(DeviceUsMax, deviceUs),
        Tokens = (Tokens.DeviceUsSum + deviceUs, Tokens.Count + (deviceUs > 0 ? 1 : 0)),
        MissedCount = MissedCount + (isMissed ? 1 : 0),
    };

    public LinkTally WithMessage(long bytes, bool isRepeat) =>
        this with { BytesSent = BytesSent + bytes, RetryCount = RetryCount + (isRepeat ? 1 : 0) };

    public LinkTally WithRoundTrip(long transportUs) => this with
    {
        StepCount = StepCount + 1,
        RoundTripUsSum = RoundTripUsSum + transportUs,
        RoundTripUsMin = Math.Min(RoundTripUsMin, transportUs),
    };

    public LinkReport ToMessage(SessionId session)
    {
        var report = new LinkReport
        {
            SessionId = session.Value,
            StepCount = (uint)StepCount,
            BytesSent = (ulong)BytesSent,
            RoundTripUsSum = (ulong)RoundTripUsSum,
            RoundTripUsMin = (uint)Math.Min(RoundTripUsMin, uint.MaxValue),
            RetryCount = (uint)RetryCount,
            MissedCount = (uint)MissedCount,
            DeviceUsSum = (ulong)Tokens.DeviceUsSum,
            TokenCount = (uint)Tokens.Count,
        };
        if (DeviceUsMax > 0)
            report.DeviceUs = (uint)Math.Min(DeviceUsMax, uint.MaxValue);
        return report;
    }
}
