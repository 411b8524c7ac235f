using System.Diagnostics;
using SplitActors.Inference.Threading;

namespace SplitActors.EndToEnd.Batching;

/// <summary>Tokens per second and time per token of one worker over the number of sessions that it serves at once; the ratios are of one round.</summary>
internal static class BatchingBenchmark
{
    private const int ThreadCount = 2;
    private static readonly int[] SessionCounts = [1, 2, 4, 8, 16, 32];

    public static async Task RunAsync(int roundCount, string filter)
    {
        using var threads = new ComputeThreads(ThreadCount);
        Console.WriteLine($"medians of {roundCount} interleaved rounds; {ThreadCount} threads; TPOT is one session's; × is against one session in the same round");
        foreach (var create in (Func<ServedModel>[])[ServedModel.QuillCloud, ServedModel.QuillSplit, ServedModel.LlamaCloud])
        {
            using var model = create();
            if (model.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))
                await RunAsync(model, threads, roundCount);
        }
    }

    private static async Task RunAsync(ServedModel model, ComputeThreads threads, int roundCount)
    {
        await using var worker = new ServingWorker(model, threads);
        using var floor = new BatchFloor(model, threads);
        floor.TokensPerSecond(SessionCounts[^1]); // compiles what it runs
        await MeasureAsync(worker, sessionCount: 4);
        var rounds = new List<Dictionary<int, Point>>();
        for (var round = 0; round < roundCount; round++)
        {
            var points = new Dictionary<int, Point>();
            foreach (var count in SessionCounts)
                points[count] = await MeasureAsync(worker, count) with { EngineTokensPerSecond = floor.TokensPerSecond(count), ReadTokensPerSecond = floor.ReadsPerSecond() * count };
            rounds.Add(points);
            Console.Error.WriteLine($"{model.Name}, round {round + 1}: {string.Join(", ", points.Select(point => $"{point.Key}: {point.Value.TokensPerSecond:0} of {point.Value.EngineTokensPerSecond:0}"))}");
        }

        Console.WriteLine($"\n### {model.Name}\n\n| sessions | tokens/s | × | TPOT p50 ms | p99 ms | p99 × | engine alone, tokens/s | share of engine | passes of memory, tokens/s |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        foreach (var count in SessionCounts)
        {
            double Median(Func<Point, double> figure) => MedianOf(rounds.Select(points => figure(points[count])));
            double Ratio(Func<Point, double> figure) => MedianOf(rounds.Select(points => figure(points[count]) / figure(points[1])));
            Console.WriteLine(
                $"| {count} | {Median(p => p.TokensPerSecond):0} | {Ratio(p => p.TokensPerSecond):0.00} | {Median(p => p.TpotMsP50):0.00} | {Median(p => p.TpotMsP99):0.00} | {Ratio(p => p.TpotMsP99):0.00} "
                + $"| {Median(p => p.EngineTokensPerSecond):0} | {Median(p => p.TokensPerSecond / p.EngineTokensPerSecond):0.00} | {Median(p => p.ReadTokensPerSecond):0} |");
        }
    }

    private static double MedianOf(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    /// <summary>From the moment when all sessions generate until the first is done.</summary>
    private static async Task<Point> MeasureAsync(ServingWorker worker, int sessionCount)
    {
        GC.Collect();
        var devices = Enumerable.Range(0, sessionCount).Select(_ => worker.StartDevice()).ToList();
        var outcomes = await Task.WhenAll(devices.Select(device => device.Ended));
        if (outcomes.Any(outcome => outcome != SessionOutcome.Completed))
            throw new InvalidOperationException("A session was refused.");

        var from = devices.Max(device => device.TokenTimestamps[0]);
        var to = devices.Min(device => device.TokenTimestamps[^1]);
        var tokenCount = devices.Sum(device => device.TokenTimestamps.Count(timestamp => timestamp > from && timestamp <= to));
        var times = devices
            .SelectMany(device => device.TokenTimestamps.Zip(device.TokenTimestamps.Skip(1)))
            .Where(pair => pair.First >= from && pair.Second <= to)
            .Select(pair => Stopwatch.GetElapsedTime(pair.First, pair.Second).TotalMilliseconds)
            .Order()
            .ToList();
        return new Point(
            tokenCount / Stopwatch.GetElapsedTime(from, to).TotalSeconds,
            times[times.Count / 2],
            times[Math.Min(times.Count - 1, (int)(times.Count * 0.99))],
            EngineTokensPerSecond: 0,
            ReadTokensPerSecond: 0);
    }

    private sealed record Point(double TokensPerSecond, double TpotMsP50, double TpotMsP99, double EngineTokensPerSecond, double ReadTokensPerSecond);
}
