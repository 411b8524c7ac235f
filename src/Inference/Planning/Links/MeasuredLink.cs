namespace SplitActors.Inference.Planning.Links;

/// <summary>An estimate and its standard error.</summary>
public readonly record struct Estimate(double Value, double StandardError);

/// <summary>What a measured link is like.</summary>
/// <param name="DelaySeconds">Of a message without bytes, in one direction.</param>
/// <param name="SecondsPerByte">What each byte adds: the inverse of the bandwidth.</param>
/// <param name="LossProbability">Of a message.</param>
/// <param name="MessageCount">Messages behind the estimates.</param>
public sealed record LinkEstimate(Estimate DelaySeconds, Estimate SecondsPerByte, Estimate LossProbability, long MessageCount);

/// <summary>
/// A link that is known by what messages took. Delay and time per byte are a line through (bytes, seconds) by least squares, in which a
/// message counts less the more came after it; the worst case adds a quantile of how far recent messages were above the line.
/// Not safe for concurrent use.
/// </summary>
public sealed class MeasuredLink(double outageTarget) : ILinkModel
{
    /// <summary>What a message counts after the next one: the last hundred make up most of an estimate.</summary>
    private const double Remembered = 0.99;

    private const int ExcessCountMax = 512;
    private const double LossMost = 0.999; // of a link that brings anything at all

    private readonly double[] _excesses = new double[ExcessCountMax]; // seconds above the line, of the latest messages
    private readonly double[] _sorted = new double[ExcessCountMax];
    private double? _excessQuantile;
    private long _messageCount;
    private double _weight;          // Σ w
    private double _squaredWeight;   // Σ w²
    private double _bytes;           // Σ w·b
    private double _seconds;         // Σ w·t
    private double _bytesSquared;    // Σ w·b²
    private double _product;         // Σ w·b·t
    private double _secondsSquared;  // Σ w·t²
    private double _sent;            // weight of all, lost ones included
    private double _lost;

    /// <summary>ε</summary>
    public double OutageTarget => outageTarget;

    /// <summary>
    /// By how much all but the outage target's share of recent messages were late at most, beyond delay and bytes; +∞ before the second message.
    /// </summary>
    public double LatenessSecondsWorst => _messageCount < 2
        ? double.PositiveInfinity
        : Math.Max(0, ExcessQuantile((int)Math.Min(_messageCount - 1, ExcessCountMax)));

    /// <summary>A message arrived.</summary>
    /// <param name="byteCount">Its size; at least 0.</param>
    /// <param name="seconds">What it took, without what the receiver did with it; at least 0.</param>
    public void Arrived(long byteCount, double seconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        ArgumentOutOfRangeException.ThrowIfNegative(seconds);
        var (delay, perByte) = Line();
        if (_messageCount > 0)
            _excesses[(int)((_messageCount - 1) % ExcessCountMax)] = seconds - delay - (perByte * byteCount);
        _excessQuantile = null;
        _messageCount++;
        var bytes = (double)byteCount;
        _weight = (_weight * Remembered) + 1;
        _squaredWeight = (_squaredWeight * Remembered * Remembered) + 1;
        _bytes = (_bytes * Remembered) + bytes;
        _seconds = (_seconds * Remembered) + seconds;
        _bytesSquared = (_bytesSquared * Remembered) + (bytes * bytes);
        _product = (_product * Remembered) + (bytes * seconds);
        _secondsSquared = (_secondsSquared * Remembered) + (seconds * seconds);
        _sent = (_sent * Remembered) + 1;
        _lost *= Remembered;
    }

    /// <summary>A message did not arrive.</summary>
    public void Lost()
    {
        _sent = (_sent * Remembered) + 1;
        _lost = (_lost * Remembered) + 1;
    }

    /// <summary>Null before the first message.</summary>
    public LinkEstimate? Estimate()
    {
        if (_messageCount == 0)
            return null;
        var (delay, perByte) = Line();
        var (effectiveCount, mean, spread) = (_weight * _weight / _squaredWeight, _bytes / _weight, Spread);
        var variance = SquaredResiduals(delay, perByte) / _weight / Math.Max(1e-9, 1 - (2 / Math.Max(effectiveCount, 2))); // a line takes two
        var perByteError = spread > 0 ? Math.Sqrt(variance / effectiveCount / spread) : double.PositiveInfinity;
        var delayError = Math.Sqrt(variance / effectiveCount * (1 + (spread > 0 ? mean * mean / spread : 0)));
        var loss = LossProbability;
        return new LinkEstimate(
            new(delay, delayError), new(perByte, perByteError), new(loss, Math.Sqrt(loss * (1 - loss) / Math.Max(1, _sent))), _messageCount);
    }

    /// <inheritdoc/>
    /// <remarks>A lost message is sent again after as long as one takes.</remarks>
    public double ExpectedSeconds(long byteCount)
    {
        var (delay, perByte) = Line();
        return (delay + (perByte * byteCount)) / (1 - LossProbability);
    }

    /// <inheritdoc/>
    /// <remarks>+∞ before the second message.</remarks>
    public double WorstCaseSeconds(long byteCount)
    {
        if (_messageCount < 2)
            return double.PositiveInfinity;
        var (delay, perByte) = Line();
        var loss = LossProbability;
        var attempts = loss > 0 ? Math.Max(1, Math.Ceiling(Math.Log(outageTarget) / Math.Log(loss))) : 1;
        return (attempts * (delay + (perByte * byteCount))) + LatenessSecondsWorst;
    }

    /// <summary>
    /// What all but the outage target's share of recent messages stayed below; sorted once for all questions between two messages.
    /// </summary>
    private double ExcessQuantile(int count)
    {
        if (_excessQuantile is { } known)
            return known;
        var sorted = _sorted.AsSpan(0, count);
        _excesses.AsSpan(0, count).CopyTo(sorted);
        sorted.Sort();
        var rank = Math.Clamp((int)Math.Ceiling((1 - outageTarget) * count) - 1, 0, count - 1);
        _excessQuantile = sorted[rank];
        return sorted[rank];
    }

    private double LossProbability => _sent > 0 ? Math.Min(LossMost, _lost / _sent) : 0;

    /// <summary>Variance of the sizes; 0 where all are the same but for rounding.</summary>
    private double Spread
    {
        get
        {
            var mean = _bytes / _weight;
            var spread = (_bytesSquared / _weight) - (mean * mean);
            return spread > 1e-9 * mean * mean ? spread : 0;
        }
    }

    /// <summary>No slope where all messages had one size, and neither part below 0.</summary>
    private (double Delay, double PerByte) Line()
    {
        if (_weight == 0)
            return (0, 0);
        var (meanBytes, meanSeconds, spread) = (_bytes / _weight, _seconds / _weight, Spread);
        var slope = spread > 0 ? Math.Max(0, ((_product / _weight) - (meanBytes * meanSeconds)) / spread) : 0;
        slope = Math.Min(slope, meanBytes > 0 ? meanSeconds / meanBytes : 0);
        return (meanSeconds - (slope * meanBytes), slope);
    }

    /// <summary>Σ w·(t − delay − perByte·b)²</summary>
    private double SquaredResiduals(double delay, double perByte) => Math.Max(
        0,
        _secondsSquared - (2 * delay * _seconds) - (2 * perByte * _product) + (delay * delay * _weight)
            + (2 * delay * perByte * _bytes) + (perByte * perByte * _bytesSquared));
}
