namespace SplitActors.Actors.Edge;

/// <summary>The bills of a session's tokens, and what follows from them.</summary>
public sealed class Ledger
{
    private readonly List<TokenBill> _bills = [];

    public TokenBill Total { get; private set; } = TokenBill.Empty;

    public int TokenCount => _bills.Count;

    /// <summary>Time to first token, microseconds; null before the first.</summary>
    public long? TtftUs => _bills.Count > 0 ? _bills[0].ElapsedUs : null;

    /// <summary>Generated tokens per second after the first; null before the second.</summary>
    public double? TokensPerSecond =>
        _bills.Count > 1 ? (_bills.Count - 1) * 1e6 / Math.Max(1, Total.ElapsedUs - _bills[0].ElapsedUs) : null;

    /// <summary>Bytes of fp16 hidden states per byte of frames; null where no frame was sent.</summary>
    public double? CompressionRatio => Total.FrameBytes > 0 ? (double)Total.RawBytes / Total.FrameBytes : null;

    /// <summary>A token took longer than was asked for: the response as a whole did not keep its deadline.</summary>
    public bool IsDegraded => Total.DegradedCount + Total.MissedCount > 0;

    public void Add(TokenBill bill)
    {
        _bills.Add(bill);
        Total += bill;
    }

    /// <summary>Time per output token, microseconds: the nearest-rank percentile over all tokens but the first; null before the second.</summary>
    public long? TpotUs(double percentile) => Percentile(percentile, bill => bill.ElapsedUs);

    /// <summary>Time on the link per output token, microseconds, likewise.</summary>
    public long? LinkUs(double percentile) => Percentile(percentile, bill => bill.TransportUs);

    private long? Percentile(double percentile, Func<TokenBill, long> select)
    {
        if (_bills.Count < 2)
            return null;
        return NearestRank.At([.. _bills.Skip(1).Select(select).Order()], percentile / 100);
    }
}
