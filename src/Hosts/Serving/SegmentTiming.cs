using SplitActors.Hosts.Benchmarking;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Models;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Serving;

/// <summary>Times layers before they serve: a line through decoding passes of one row and of several.</summary>
internal static class SegmentTiming
{
    private const int Rows = 8;
    private const int PassCount = 4;
    private const int RoundCount = 3; // the first warms up

    /// <summary>What a pass takes whatever its rows, and for each of them; head and sampling included where the segment has them.</summary>
    public static (TimeSpan Pass, TimeSpan Row) Measure(Segment segment, KvFormat kvFormat, ComputeThreads threads, TimeProvider clock)
    {
        var one = PassSeconds(segment, batchSize: 1, kvFormat, threads, clock);
        var several = PassSeconds(segment, Rows, kvFormat, threads, clock);
        var row = Math.Clamp((several - one) / (Rows - 1), 0, one);
        return (TimeSpan.FromSeconds(one - row), TimeSpan.FromSeconds(row));
    }

    private static double PassSeconds(Segment segment, int batchSize, KvFormat kvFormat, ComputeThreads threads, TimeProvider clock)
    {
        var workload = new BenchWorkload(PromptTokens: 1, DecodeTokens: PassCount, BatchSize: batchSize, KvFormat: kvFormat);
        using var timing = new SegmentBenchmark(segment, workload, threads, clock);
        return Enumerable.Range(0, RoundCount)
            .Select(_ => batchSize / timing.Run(measuresBandwidth: false, CancellationToken.None).DecodeTokensPerSecond)
            .Skip(1)
            .Min();
    }
}
