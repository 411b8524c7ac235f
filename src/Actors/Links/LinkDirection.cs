using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Links;

/// <summary>One direction of a link: messages go one after the other, and an attempt that fails is made again.</summary>
/// <param name="BitsPerSecond">Of an attempt; above 0.</param>
/// <param name="Delay">Propagation, whatever the size.</param>
/// <param name="FailureProbability">Of an attempt, independently of the others; below 1.</param>
/// <param name="RepeatAfter">From the end of a failed attempt to what follows it; the channel is free meanwhile.</param>
/// <param name="OutageTarget">ε: how often a message may take longer than the worst case.</param>
/// <param name="LatenessWorst">By how much messages may be late beside that, but for the outage target: counts in the worst case only.</param>
public sealed record LinkDirection(
    double BitsPerSecond, TimeSpan Delay, double FailureProbability, TimeSpan RepeatAfter, double OutageTarget, TimeSpan LatenessWorst = default) : ILinkModel
{
    private const int BitsPerByte = 8;
    private const double RoundingMax = 1e-9;

    /// <summary>Time that one attempt occupies the channel.</summary>
    public double AttemptSeconds(long byteCount) => byteCount * BitsPerByte / BitsPerSecond;

    /// <summary>⌈ln ε / ln P⌉ [2511.04002, eq. 9]; at the best rate this is a whole number but for rounding.</summary>
    public double AttemptsWorst => FailureProbability > 0
        ? Math.Max(1, Math.Ceiling((Math.Log(OutageTarget) / Math.Log(FailureProbability)) - RoundingMax))
        : 1;

    /// <inheritdoc/>
    public double ExpectedSeconds(long byteCount) => Seconds(byteCount, 1 / (1 - FailureProbability));

    /// <inheritdoc/>
    public double WorstCaseSeconds(long byteCount) => Seconds(byteCount, AttemptsWorst) + LatenessWorst.TotalSeconds;

    private double Seconds(long byteCount, double attempts) =>
        Delay.TotalSeconds + (attempts * AttemptSeconds(byteCount)) + ((attempts - 1) * RepeatAfter.TotalSeconds);
}
