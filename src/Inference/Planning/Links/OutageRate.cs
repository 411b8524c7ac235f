namespace SplitActors.Inference.Planning.Links;

/// <summary>
/// A rate, and how often it must be tried for an outage target. Sending D bits takes at most Attempts·D/Rate seconds, but for the target's
/// probability [2511.04002, eq. 9].
/// </summary>
/// <param name="BitsPerSecond">R.</param>
/// <param name="Attempts">n; +∞ if the target cannot be kept at this rate.</param>
public readonly record struct OutageRate(double BitsPerSecond, double Attempts)
{
    /// <summary>n/R: worst-case seconds for each bit.</summary>
    public double SecondsPerBit => Attempts / BitsPerSecond;

    /// <summary>
    /// R*, exactly: worst-case latency falls with R as long as n attempts are enough, so the best rate of each n is the largest for it,
    /// R_n = W·log₂(1 − γ·ln(1 − ε^(1/n))), and the best of all is one of these or an end of the range [eq. 13 with the ceiling of eq. 9].
    /// </summary>
    /// <param name="channel">Bandwidth and signal-to-noise ratio.</param>
    /// <param name="outageTarget">ε, above 0, below 1.</param>
    /// <param name="rateMin">R̲, in bits per second; above 0.</param>
    /// <param name="rateMax">R̄, at least <paramref name="rateMin"/>; +∞ for no limit.</param>
    public static OutageRate Optimal(RayleighChannel channel, double outageTarget, double rateMin, double rateMax)
    {
        Require(outageTarget, rateMin, rateMax);
        var logTarget = Math.Log(outageTarget);
        var slowest = At(channel, outageTarget, rateMin);
        var best = double.IsFinite(rateMax) ? Better(slowest, At(channel, outageTarget, rateMax)) : slowest;
        for (var attempts = slowest.Attempts; CanBeat(best, attempts); attempts++) // fewer do not keep the target at R̲ already
        {
            var rate = channel.RateFor(attempts, outageTarget);
            if (rate > rateMax)
                break;
            if (rate >= rateMin)
                best = Better(best, new OutageRate(rate, attempts));
        }

        return best;

        // −ln(1 − ε^(1/n)) ≤ ln(1 + n/|ln ε|), so n/R_n is at least this bound, which grows with n.
        bool CanBeat(OutageRate found, double attempts)
        {
            var rateBound = channel.BandwidthHz * Math.Log2(1 + (channel.SnrLinear * Math.Log(1 - (attempts / logTarget))));
            return attempts <= AttemptsCountable && attempts / rateBound <= found.SecondsPerBit;
        }
    }

    /// <summary>
    /// R* as the paper relaxes it: without the ceiling the worst-case latency is proportional to 1/(R·ln(1/P_o(R))), which has one minimum.
    /// (In print the function of eq. 13 is ln(1/P_o)/R, which is least at the highest rate, where every attempt fails.)
    /// </summary>
    /// <returns>The rate of the relaxed problem, with the attempts that it really takes.</returns>
    public static OutageRate Relaxed(RayleighChannel channel, double outageTarget, double rateMin, double rateMax)
    {
        Require(outageTarget, rateMin, rateMax);
        var (low, high) = (rateMin, Math.Min(rateMax, Math.Max(rateMin, channel.RateAtExponent(HopelessExponent))));
        var ratio = (Math.Sqrt(5) - 1) / 2;
        for (var step = 0; step < GoldenSectionSteps; step++)
        {
            var (left, right) = (high - (ratio * (high - low)), low + (ratio * (high - low)));
            if (Gain(left) > Gain(right))
                high = right;
            else
                low = left;
        }

        return At(channel, outageTarget, (low + high) / 2);

        double Gain(double rate) => -rate * channel.LogOutageProbability(rate);
    }

    private const double HopelessExponent = 700;          // an attempt succeeds with probability e⁻⁷⁰⁰
    private const double AttemptsCountable = 1L << 52;    // beyond, one more is no other double; and then more attempts never are better
    private const int GoldenSectionSteps = 120; // the interval shrinks below the precision of a double

    private static OutageRate At(RayleighChannel channel, double outageTarget, double rate) => new(rate, channel.AttemptsFor(rate, outageTarget));

    private static OutageRate Better(OutageRate first, OutageRate second) => second.SecondsPerBit < first.SecondsPerBit ? second : first;

    private static void Require(double outageTarget, double rateMin, double rateMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outageTarget);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(outageTarget, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rateMin);
        ArgumentOutOfRangeException.ThrowIfLessThan(rateMax, rateMin);
    }
}
