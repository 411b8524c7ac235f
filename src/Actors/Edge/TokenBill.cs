using System.Collections.Immutable;
using SplitActors.Actors.Protocol;
using SplitActors.Inference.Compression;

namespace SplitActors.Actors.Edge;

/// <summary>What one generated token cost: everything since the token before it. Times are microseconds, sizes bytes.</summary>
public sealed record TokenBill
{
    private static readonly ImmutableArray<int> NoTokens = ImmutableArray.CreateRange(new int[TabqOptions.BitsHighest + 1]);

    public static TokenBill Empty { get; } = new();

    /// <summary>Tokens whose hidden states were sent: the whole prompt for the first token, then one.</summary>
    public int RowCount { get; init; }

    /// <summary>The hidden states as fp16; nothing in cloud mode, where token ids travel.</summary>
    public long RawBytes { get; init; }

    /// <summary>The compressed frames.</summary>
    public long FrameBytes { get; init; }

    /// <summary>Whole messages, repeats included.</summary>
    public long MessageBytes { get; init; }

    /// <summary>Messages sent again after a timeout or to a new worker.</summary>
    public int ResentCount { get; init; }

    /// <summary>Hedges that were opened because a worker was silent.</summary>
    public int HedgeCount { get; init; }

    /// <summary>Of them, those that answered first, or whose silent worker turned out to be gone.</summary>
    public int HedgeWonCount { get; init; }

    /// <summary>Of them, those of which the silent worker answered first after all, and those that were refused.</summary>
    public int HedgeLostCount { get; init; }

    /// <summary>Tokens that were replayed for hedges.</summary>
    public int HedgeRowCount { get; init; }

    /// <summary>Frames of keys and values that a device handed over.</summary>
    public long KvBytes { get; init; }

    public long OutlierCount { get; init; }

    /// <summary>Tokens per bit-width; the index is the bit-width.</summary>
    public ImmutableArray<int> BitsHistogram { get; init; } = NoTokens;

    public long EdgeComputeUs { get; init; }

    public long EncodeUs { get; init; }

    /// <summary>Round trips less the worker's queue, decode and compute time.</summary>
    public long TransportUs { get; init; }

    public long QueueUs { get; init; }

    public long DecodeUs { get; init; }

    public long WorkerComputeUs { get; init; }

    /// <summary>Time since the token before, or since the start of the session for the first.</summary>
    public long ElapsedUs { get; init; }

    /// <summary>1 if the token came within the deadline that was asked for; the first token has none.</summary>
    public int KeptCount { get; init; }

    /// <summary>1 if it came later, but within what the scheduler had promised instead before it began.</summary>
    public int DegradedCount { get; init; }

    /// <summary>1 if it came later still.</summary>
    public int MissedCount { get; init; }

    /// <summary>Neither link nor worker: the device's own work and hand-overs.</summary>
    public long DeviceUs => Math.Max(0, ElapsedUs - TransportUs - QueueUs - DecodeUs - WorkerComputeUs);

    /// <summary>Adds a chunk that went through the front, or keys and values of one.</summary>
    public TokenBill With(FrontComputed computed) => computed.IsKeysAndValues
        ? this with { KvBytes = KvBytes + computed.Frame!.Length, EncodeUs = EncodeUs + computed.EncodeUs }
        : WithChunk(computed);

    private TokenBill WithChunk(FrontComputed computed) => this with
    {
        RowCount = RowCount + (computed.Frame is null ? 0 : computed.Count),
        RawBytes = RawBytes + (computed.Statistics?.Float16Bytes ?? 0),
        FrameBytes = FrameBytes + (computed.Frame?.Length ?? 0),
        OutlierCount = OutlierCount + (computed.Statistics?.OutlierCount ?? 0),
        BitsHistogram = computed.Statistics is { } statistics ? Add(BitsHistogram, statistics.TokensByBits) : BitsHistogram,
        EdgeComputeUs = EdgeComputeUs + computed.ComputeUs,
        EncodeUs = EncodeUs + computed.EncodeUs,
    };

    /// <summary>Adds a worker's answer.</summary>
    public TokenBill With(StepResult result, long transportUs) => this with
    {
        TransportUs = TransportUs + transportUs,
        QueueUs = QueueUs + result.QueueUs,
        DecodeUs = DecodeUs + result.DecodeUs,
        WorkerComputeUs = WorkerComputeUs + result.ComputeUs,
    };

    public TokenBill WithMessage(long bytes, bool isRepeat) =>
        this with { MessageBytes = MessageBytes + bytes, ResentCount = ResentCount + (isRepeat ? 1 : 0) };

    /// <summary>Adds tokens that are replayed for a hedge.</summary>
    public TokenBill WithHedgedRows(int count) => count == 0 ? this : this with { HedgeRowCount = HedgeRowCount + count };

    /// <summary>Adds tokens that travel as ids.</summary>
    public TokenBill WithTokenIds(int count) => this with { RowCount = RowCount + count };

    /// <summary>The sum of two bills.</summary>
    public static TokenBill operator +(TokenBill a, TokenBill b) => new()
    {
        RowCount = a.RowCount + b.RowCount,
        RawBytes = a.RawBytes + b.RawBytes,
        FrameBytes = a.FrameBytes + b.FrameBytes,
        MessageBytes = a.MessageBytes + b.MessageBytes,
        ResentCount = a.ResentCount + b.ResentCount,
        HedgeCount = a.HedgeCount + b.HedgeCount,
        HedgeWonCount = a.HedgeWonCount + b.HedgeWonCount,
        HedgeLostCount = a.HedgeLostCount + b.HedgeLostCount,
        HedgeRowCount = a.HedgeRowCount + b.HedgeRowCount,
        KvBytes = a.KvBytes + b.KvBytes,
        OutlierCount = a.OutlierCount + b.OutlierCount,
        BitsHistogram = [.. a.BitsHistogram.Zip(b.BitsHistogram, (x, y) => x + y)],
        EdgeComputeUs = a.EdgeComputeUs + b.EdgeComputeUs,
        EncodeUs = a.EncodeUs + b.EncodeUs,
        TransportUs = a.TransportUs + b.TransportUs,
        QueueUs = a.QueueUs + b.QueueUs,
        DecodeUs = a.DecodeUs + b.DecodeUs,
        WorkerComputeUs = a.WorkerComputeUs + b.WorkerComputeUs,
        ElapsedUs = a.ElapsedUs + b.ElapsedUs,
        KeptCount = a.KeptCount + b.KeptCount,
        DegradedCount = a.DegradedCount + b.DegradedCount,
        MissedCount = a.MissedCount + b.MissedCount,
    };

    private static ImmutableArray<int> Add(ImmutableArray<int> histogram, BitsHistogram tokensByBits)
    {
        var sum = histogram.ToBuilder();
        for (var bits = 0; bits < sum.Count; bits++)
            sum[bits] += tokensByBits.Count(bits);
        return sum.MoveToImmutable();
    }
}
