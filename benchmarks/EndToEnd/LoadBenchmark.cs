using System.Diagnostics;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Models;

namespace SplitActors.EndToEnd;

/// <summary>How long opening a model takes whose files are in the operating system's cache, until all weights are verified and ready.</summary>
internal static class LoadBenchmark
{
    private const int RoundCount = 7;

    public static void Run(string folder)
    {
        Console.WriteLine("first_ms of the first line is that of a fresh process, which compiles what it calls; medians are of the rounds after it");
        Console.WriteLine("part,megabytes,first_ms,median_ms");
        using var checkpoint = Checkpoint.Open(folder);
        var layerCount = checkpoint.Config.LayerCount;
        var splitLayer = checkpoint.Quantization?.SplitLayer ?? layerCount / 2;
        Measure("whole", new LayerRange(0, layerCount));
        Measure("front", LayerRange.Front(splitLayer));
        Measure("back", LayerRange.Back(splitLayer, layerCount));

        void Measure(string part, LayerRange layers)
        {
            double[] loadMs = [.. Enumerable.Range(0, RoundCount + 1).Select(_ => LoadMs(folder, layers))];
            var megabytes = Segment.Load(checkpoint, layers).BytesPerToken / 1e6;
            Console.WriteLine($"{part},{megabytes:F0},{loadMs[0]:F0},{loadMs.Skip(1).Order().ElementAt(RoundCount / 2):F0}");
        }
    }

    private static double LoadMs(string folder, LayerRange layers)
    {
        var started = Stopwatch.GetTimestamp();
        using var checkpoint = Checkpoint.Open(folder);
        Segment.Load(checkpoint, layers);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
