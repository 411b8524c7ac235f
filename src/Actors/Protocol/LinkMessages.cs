using SplitActors.Actors.Links;

namespace SplitActors.Actors.Protocol;

public static class LinkMessages
{
    private const double MicrosecondsPerSecond = 1e6;

    public static LinkMeasurement ToMessage(this LinkObservation measured) => new()
    {
        BitsPerSecond = measured.BitsPerSecond?.Value ?? 0,
        BitsPerSecondError = measured.BitsPerSecond?.StandardError ?? 0,
        RoundTripUs = measured.RoundTripSeconds.Value * MicrosecondsPerSecond,
        RoundTripUsError = measured.RoundTripSeconds.StandardError * MicrosecondsPerSecond,
        Loss = measured.LossProbability.Value,
        LossError = measured.LossProbability.StandardError,
        SampleCount = (ulong)measured.SampleCount,
    };

    /// <summary>Whole microseconds, rounded up; 0 for what is not known, which includes +∞.</summary>
    public static uint ToMicroseconds(double? seconds) =>
        seconds is { } known && double.IsFinite(known) && known > 0 ? (uint)Math.Min(Math.Ceiling(known * MicrosecondsPerSecond), uint.MaxValue) : 0;
}
