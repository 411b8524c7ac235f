using System.Diagnostics;
using SplitActors.Inference.Threading;

namespace SplitActors.EndToEnd.Batching;

/// <summary>Sessions arrive twice as fast as the worker can serve them, whatever becomes of those before: what is refused, and what time per token the others get.</summary>
internal static class OverloadBenchmark
{
    private const int ThreadCount = 2;
    private const int AttemptsMax = 4;
    private const int SessionCountMax = 32;
    private const int SessionsThatFit = 24; // by their memory
    private static readonly TimeSpan ArrivalTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndTimeMax = TimeSpan.FromSeconds(60);

    public static async Task RunAsync()
    {
        using var threads = new ComputeThreads(ThreadCount);
        using var model = ServedModel.QuillCloud();
        await using var worker = new ServingWorker(model, threads, options => options with
        {
            SessionCountMax = SessionCountMax,
            QueuedRowsMax = 16 * model.PromptCount,
            KvBytesMax = SessionsThatFit * options.KvLayout.BytesFor(model.PromptCount + model.TokenCount),
            StatusPeriod = TimeSpan.FromMilliseconds(20),
        });
        await SaturationAsync(worker); // compiles what it runs
        var saturation = await SaturationAsync(worker);
        var watch = worker.Watch();
        var devices = await OpenLoopAsync(worker, 2 * saturation);
        var ended = Task.WhenAll(devices.Select(device => device.Ended));
        await Task.WhenAny(ended, Task.Delay(EndTimeMax));

        Report(worker, saturation, devices, watch);
        foreach (var sessionCount in (int[])[1, 16, 64, 64]) // the first compiles it
            Console.WriteLine($"decisions for a batch of {sessionCount} sessions: {StepCost.MicrosecondsPerBatch(worker.Options, worker.Template, sessionCount):0.0} µs");
    }

    /// <returns>Sessions per second, one starting whenever another ends.</returns>
    private static async Task<double> SaturationAsync(ServingWorker worker)
    {
        const int sessionCount = 160;
        var started = Stopwatch.GetTimestamp();
        var left = sessionCount;
        await Task.WhenAll(Enumerable.Range(0, SessionsThatFit - 4).Select(async _ => // some free, as a session is closed after its last token
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await worker.StartDevice(AttemptsMax).Ended;
        }));
        return sessionCount / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<List<DeviceLoop>> OpenLoopAsync(ServingWorker worker, double sessionsPerSecond)
    {
        var devices = new List<DeviceLoop>();
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) is var time && time < ArrivalTime)
        {
            while (devices.Count < time.TotalSeconds * sessionsPerSecond)
                devices.Add(worker.StartDevice(AttemptsMax));
            await Task.Delay(TimeSpan.FromMilliseconds(2));
        }

        return devices;
    }

    private static void Report(ServingWorker worker, double saturation, List<DeviceLoop> devices, SchedulerStub watch)
    {
        int Count(SessionOutcome outcome) => devices.Count(device => device.Ended.IsCompletedSuccessfully && device.Ended.Result == outcome);
        var tokenMs = devices
            .Where(device => device.Ended.IsCompletedSuccessfully)
            .SelectMany(device => device.TokenTimestamps.Zip(device.TokenTimestamps.Skip(1), (from, to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds))
            .Order()
            .ToList();
        var acceptedCount = devices.Count(device => device.IsOpen);
        var (completedCount, failedCount) = (Count(SessionOutcome.Completed), Count(SessionOutcome.Failed));
        Console.WriteLine($"saturation {saturation:0.0} sessions/s; {devices.Count} arrived in {ArrivalTime.TotalSeconds:0} s, {devices.Count / ArrivalTime.TotalSeconds / saturation:0.00} times as fast");
        Console.WriteLine($"accepted {acceptedCount} = completed {completedCount} + failed {failedCount}: {acceptedCount == completedCount + failedCount}; refused {Count(SessionOutcome.Refused)}, after up to {AttemptsMax} attempts; without an answer {devices.Count(device => !device.Ended.IsCompleted)}");
        Console.WriteLine($"TPOT p50 {tokenMs[tokenMs.Count / 2]:0.00} ms, p99 {tokenMs[(int)(tokenMs.Count * 0.99)]:0.00} ms");
        Console.WriteLine($"most tokens that waited {watch.QueuedRowsMost} of {worker.Options.QueuedRowsMax}; most memory of keys and values {watch.KvBytesMost / 1e6:0.0} of {worker.Options.KvBytesMax / 1e6:0.0} MB; most sessions {watch.SessionsMost} of {worker.Options.SessionCountMax}");
    }
}
