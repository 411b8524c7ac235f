using SplitActors.Actors.Protocol;

namespace SplitActors.Actors.Links;

/// <summary>A measured link as planning sees it: every number is in its range.</summary>
/// <param name="BitsPerSecond">Null where all messages had one size, which tells no bandwidth.</param>
/// <param name="RoundTrip">Of a message without bytes.</param>
/// <param name="Loss">Share of messages, in each direction; below 1.</param>
/// <param name="SampleCount">Round trips.</param>
public sealed record MeasuredTimes(double? BitsPerSecond, TimeSpan RoundTrip, double Loss, ulong SampleCount);

public static class LinkMessages
{
    private const double MicrosecondsPerSecond = 1e6;

    public static LinkMeasurement ToMessage(this LinkObservation measured)
    {
        var message = new LinkMeasurement
        {
            RoundTripUs = measured.RoundTripSeconds.Value * MicrosecondsPerSecond,
            RoundTripUsError = measured.RoundTripSeconds.StandardError * MicrosecondsPerSecond,
            Loss = measured.LossProbability.Value,
            LossError = measured.LossProbability.StandardError,
            SampleCount = (ulong)measured.SampleCount,
        };
        if (measured.BitsPerSecond is { } rate)
            (message.BitsPerSecond, message.BitsPerSecondError) = (rate.Value, rate.StandardError);
        return message;
    }

    /// <summary>Null for what no link is like.</summary>
    public static MeasuredTimes? ToTimes(this LinkMeasurement? message)
    {
        if (message is null || !Plausible.IsTime(message.RoundTripUs / MicrosecondsPerSecond) || !Plausible.IsLoss(message.Loss))
            return null;
        if (message.HasBitsPerSecond && !Plausible.IsRate(message.BitsPerSecond))
            return null;
        var rate = message.HasBitsPerSecond ? message.BitsPerSecond : (double?)null;
        var roundTrip = TimeSpan.FromSeconds(message.RoundTripUs / MicrosecondsPerSecond);
        return new MeasuredTimes(rate, roundTrip, message.Loss, message.SampleCount);
    }
}
