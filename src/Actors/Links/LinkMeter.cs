using SplitActors.Inference.Planning.Links;

namespace SplitActors.Actors.Links;

/// <summary>
/// Measures a link by what messages and their answers take together. A round trip that is late by half of another one, and could not be so for
/// its bytes, counts as one in which the link lost something and sent it again; it says nothing about the delay. If all are late, it is the link that
/// has changed. The first round trip is left out, as what starts up at both ends takes part in it. Not safe for concurrent use.
/// </summary>
/// <param name="outageTarget">ε of the worst case.</param>
public sealed class LinkMeter(double outageTarget = LinkProfile.OutageTargetDefault)
{
    private const int SampleCountMin = 4;             // before anything counts as late
    private const int LateCountMax = 8;               // in a row; then the link has changed
    private const double LateSecondsMin = 5e-3;       // less may be the machine's own doing
    private const double BandwidthErrorMax = 0.5;     // relatively; beyond, sizes and times do not tell it
    private const double LateShare = 0.5;             // of the round trip's delay
    private const double Remembered = 0.99;           // what a size counts after the next one, as in the link's own line

    private readonly List<(long ByteCount, double Seconds)> _lates = []; // in a row
    private MeasuredLink _link = new(outageTarget);
    private double _weight;
    private double _weightedBytes;
    private long _sampleCount;

    /// <summary>Null before the second round trip.</summary>
    public LinkObservation? Observation
    {
        get
        {
            if (_link.Estimate() is not { } estimate)
                return null;
            var stepBytes = (long)Math.Ceiling(MeanBytes);
            var (perByte, delay) = (estimate.SecondsPerByte, estimate.DelaySeconds);
            var tellsBandwidth = perByte.Value > 0 && perByte.StandardError <= BandwidthErrorMax * perByte.Value && delay.Value > 0; // a delay below zero is noise
            return new LinkObservation(
                tellsBandwidth ? new Estimate(8 / perByte.Value, 8 / perByte.Value * (perByte.StandardError / perByte.Value)) : null,
                tellsBandwidth ? delay : AtTheMean(delay, perByte),
                OneWay(estimate.LossProbability),
                _sampleCount,
                _lates.Select(late => late.Seconds).Append(_link.WorstCaseSeconds(stepBytes)).Max()); // it may be changing just now
        }
    }

    /// <summary>A message and its answer crossed the link, with nothing else in their way.</summary>
    /// <param name="byteCount">Of both.</param>
    /// <param name="seconds">What they took, without the time of who answered.</param>
    public void RoundTrip(long byteCount, double seconds)
    {
        if (_sampleCount++ == 0)
            return;
        if (!IsLate(byteCount, seconds))
        {
            _lates.Clear();
            Arrived(byteCount, seconds);
            return;
        }

        _lates.Add((byteCount, seconds));
        if (_lates.Count < LateCountMax)
        {
            _link.Lost();
            return;
        }

        (_link, _weight, _weightedBytes) = (new MeasuredLink(outageTarget), 0, 0);
        _lates.ForEach(late => Arrived(late.ByteCount, late.Seconds));
        _lates.Clear();
    }

    /// <summary>A message or its answer did not arrive.</summary>
    public void Lost() => _link.Lost();

    private double MeanBytes => _weightedBytes / _weight;

    private void Arrived(long byteCount, double seconds)
    {
        _link.Arrived(byteCount, seconds);
        _weight = (_weight * Remembered) + 1;
        _weightedBytes = (_weightedBytes * Remembered) + byteCount;
    }

    /// <summary>The line at the mean size, where it is known best: Var(delay) = Var(mean) + bytes²·Var(slope).</summary>
    private Estimate AtTheMean(Estimate delay, Estimate perByte)
    {
        var slopeError = double.IsFinite(perByte.StandardError) ? MeanBytes * perByte.StandardError : 0;
        var variance = (delay.StandardError * delay.StandardError) - (slopeError * slopeError);
        return new Estimate(delay.Value + (perByte.Value * MeanBytes), Math.Sqrt(Math.Max(0, variance)));
    }

    private bool IsLate(long byteCount, double seconds)
    {
        if (_link.Estimate() is not { } estimate || estimate.MessageCount < SampleCountMin)
            return false;
        var (delay, transmission) = (estimate.DelaySeconds.Value, estimate.SecondsPerByte.Value * byteCount);
        var excess = seconds - delay - transmission;
        return excess > Math.Max(LateSecondsMin, LateShare * delay) && excess > 2 * transmission;
    }

    /// <summary>A round trip is disturbed with probability 1 − (1 − p)².</summary>
    private static Estimate OneWay(Estimate roundTrip)
    {
        var arrived = Math.Sqrt(1 - roundTrip.Value);
        return new Estimate(1 - arrived, roundTrip.StandardError / (2 * Math.Max(arrived, 1e-3)));
    }
}
