using SplitActors.Inference.Models;

namespace SplitActors.Hosts.Benchmarking;

/// <summary>What a benchmark found.</summary>
/// <param name="Segment">What was measured.</param>
/// <param name="Workload">What it did.</param>
/// <param name="ThreadCount">Threads that computed.</param>
/// <param name="LoadTime">From nothing to a segment that can compute.</param>
/// <param name="Rounds">Without the first, which warms up.</param>
/// <param name="KvByteCount">Keys and values at the end of a round.</param>
/// <param name="PeakByteCount">Most memory that the process held.</param>
internal sealed record BenchSummary(
    Segment Segment, BenchWorkload Workload, int ThreadCount, TimeSpan LoadTime, IReadOnlyList<BenchRound> Rounds, long KvByteCount, long PeakByteCount)
{
    public Spread Prefill => Spread.Of(Rounds.Select(round => round.PrefillTokensPerSecond));

    public Spread Decode => Spread.Of(Rounds.Select(round => round.DecodeTokensPerSecond));

    public Spread Read => Spread.Of(Rounds.Select(round => round.ReadGigabytesPerSecond));

    public Spread Bandwidth => Spread.Of(Rounds.Select(round => round.BandwidthGigabytesPerSecond!.Value));

    /// <summary>Of each round's own ratio: the bandwidth of a shared machine drifts.</summary>
    public Spread Share => Spread.Of(Rounds.Select(round => round.BandwidthShare!.Value));

    /// <summary>Runtime, code and scratch memory; and, if the model was quantized while it was loaded, the file that it was read from.</summary>
    public long OverheadByteCount => PeakByteCount - Segment.ByteCount - KvByteCount;
}
