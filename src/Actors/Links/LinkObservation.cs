using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Links;

/// <summary>What a device has measured of its link.</summary>
/// <param name="BitsPerSecond">Null where messages were too much of one size to tell it from the noise.</param>
/// <param name="RoundTripSeconds">Of messages without bytes; where the bandwidth is not known, of a step and its answer.</param>
/// <param name="LossProbability">Of a message, in each direction: what the link itself sent again included.</param>
/// <param name="SampleCount">Round trips behind it.</param>
/// <param name="StepSecondsWorst">
/// Within which a step of one token and its answer have crossed the link, but for the outage target; +∞ before the third round trip.
/// </param>
public sealed record LinkObservation(Estimate? BitsPerSecond, Estimate RoundTripSeconds, Estimate LossProbability, long SampleCount, double StepSecondsWorst);
