namespace SplitActors.Inference.Planning.Links;

/// <summary>
/// A wireless channel with Rayleigh fading, whose state a sender does not know: at a rate it may fail, and is tried again [2511.04002, eq.
/// 10].
/// </summary>
/// <param name="BandwidthHz">W, in hertz; above 0.</param>
/// <param name="SnrLinear">γ, the mean received signal-to-noise ratio, not in decibels; above 0.</param>
public readonly record struct RayleighChannel(double BandwidthHz, double SnrLinear)
{
    /// <summary>P_o(R) = 1 − exp(−(2^(R/W) − 1)/γ): how probably one attempt at a rate fails.</summary>
    /// <param name="rate">R, in bits per second; at least 0.</param>
    public double OutageProbability(double rate) => -SmallArguments.ExpMinusOne(-Exponent(rate));

    /// <summary>ln P_o(R), to full precision also where nearly every attempt fails.</summary>
    /// <param name="rate">R, in bits per second; above 0.</param>
    public double LogOutageProbability(double rate)
    {
        var exponent = Exponent(rate);
        return exponent < Math.Log(2)
            ? Math.Log(-SmallArguments.ExpMinusOne(-exponent))
            : SmallArguments.LogOnePlus(-Math.Exp(-exponent));
    }

    /// <summary>
    /// The inverse: the highest rate at which an attempt fails with at most this probability, R = W·log₂(1 − γ·ln(1 − P)).
    /// </summary>
    /// <param name="outageProbability">Above 0, below 1.</param>
    public double RateAt(double outageProbability) => RateAtExponent(-SmallArguments.LogOnePlus(-outageProbability));

    /// <summary>
    /// The highest rate at which this many attempts all fail with at most the target's probability, R_n = W·log₂(1 − γ·ln(1 − ε^(1/n))).
    /// </summary>
    /// <param name="attempts">n, at least 1.</param>
    /// <param name="outageTarget">ε, above 0, below 1.</param>
    public double RateFor(double attempts, double outageTarget)
    {
        var logOutage = Math.Log(outageTarget) / attempts;
        var logSuccess = logOutage < -Math.Log(2) ? SmallArguments.LogOnePlus(-Math.Exp(logOutage)) : Math.Log(-SmallArguments.ExpMinusOne(logOutage));
        return RateAtExponent(-logSuccess);
    }

    /// <summary>R of (2^(R/W) − 1)/γ.</summary>
    internal double RateAtExponent(double exponent) => BandwidthHz * SmallArguments.LogOnePlus(SnrLinear * exponent) / Math.Log(2);

    /// <summary>⌈ln ε / ln P_o(R)⌉: attempts after which all have failed with probability ε at most [eq. 9].</summary>
    /// <param name="rate">In bits per second; above 0.</param>
    /// <param name="outageTarget">ε, above 0, below 1.</param>
    /// <returns>+∞ if no number of attempts is enough at this precision.</returns>
    public double AttemptsFor(double rate, double outageTarget)
    {
        var logOutage = LogOutageProbability(rate);
        return logOutage < 0 ? Math.Max(1, Math.Ceiling(Math.Log(outageTarget) / logOutage)) : double.PositiveInfinity;
    }

    /// <summary>(2^(R/W) − 1)/γ</summary>
    private double Exponent(double rate) => SmallArguments.ExpMinusOne(rate / BandwidthHz * Math.Log(2)) / SnrLinear;
}
