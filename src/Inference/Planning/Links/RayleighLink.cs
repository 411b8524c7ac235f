namespace SplitActors.Inference.Planning.Links;

/// <summary>
/// A fading channel whose parameters are known: messages are sent at the best rate and tried again when they fail [2511.04002, eq. 9, 10,
/// 13].
/// </summary>
public sealed class RayleighLink : ILinkModel
{
    private const int BitsPerByte = 8;

    /// <param name="channel">W and γ.</param>
    /// <param name="outageTarget">ε, above 0, below 1.</param>
    /// <param name="rateMin">R̲, in bits per second.</param>
    /// <param name="rateMax">R̄, in bits per second.</param>
    /// <param name="delaySeconds">Propagation and processing, in one direction, whatever the size.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public RayleighLink(RayleighChannel channel, double outageTarget = 1e-3, double rateMin = 1e3, double rateMax = 1e9, double delaySeconds = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(delaySeconds);
        (Channel, OutageTarget, DelaySeconds) = (channel, outageTarget, delaySeconds);
        Rate = OutageRate.Optimal(channel, outageTarget, rateMin, rateMax);
    }

    public RayleighChannel Channel { get; }

    public double OutageTarget { get; }

    public double DelaySeconds { get; }

    /// <summary>R* and its attempts.</summary>
    public OutageRate Rate { get; }

    /// <summary>Attempts fail independently: 1/(1 − P_o) of them on average.</summary>
    public double ExpectedSeconds(long byteCount) =>
        DelaySeconds + (byteCount * BitsPerByte / Rate.BitsPerSecond / (1 - Channel.OutageProbability(Rate.BitsPerSecond)));

    public double WorstCaseSeconds(long byteCount) => DelaySeconds + (byteCount * BitsPerByte * Rate.SecondsPerBit);
}
