using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Threading;

namespace SplitActors.EndToEnd;

/// <summary>What fewer bits for keys and values cost in quality.</summary>
internal static class KvQuality
{
    public static void Run()
    {
        using var text = new HeldoutText();
        using var threads = new ComputeThreads(Environment.ProcessorCount);
        var exact = text.Measure(text.Whole, KvFormat.Float32, threads);
        Console.WriteLine($"{exact.TokenCount} tokens");
        Console.WriteLine("kv_bits,perplexity,rise_percent");
        foreach (var format in new[] { KvFormat.Float32, KvFormat.Float16, KvFormat.Int8, KvFormat.Int4 })
        {
            var measured = text.Measure(text.Whole, format, threads);
            Console.WriteLine($"{(int)format},{measured.Value:F4},{HeldoutText.Rise(measured, exact):F3}");
        }
    }
}
