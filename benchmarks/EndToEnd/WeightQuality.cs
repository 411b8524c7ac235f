using SplitActors.Inference.Evaluation;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.EndToEnd;

/// <summary>What fewer bits per weight cost in quality: by themselves, with int8 activations, and with keys and values of fewer bits.</summary>
internal static class WeightQuality
{
    private static readonly WeightFormat[] Formats =
    [
        new(8, 32), new(8, 64), new(8, 128), new(4, 32), new(4, 64), new(4, 128), new(3, 32), new(3, 64), new(3, 128), new(2, 32), new(2, 64), new(2, 128),
    ];

    public static void Run()
    {
        using var text = new HeldoutText();
        using var threads = new ComputeThreads(Environment.ProcessorCount);
        var exact = text.Measure(text.Whole, KvFormat.Float32, threads);
        Console.WriteLine("weight_bits,group_size,rounded,activation_bits,kv_bits,perplexity,rise_percent");
        Console.WriteLine($"16,,,32,32,{exact.Value:F4},");
        foreach (var format in Formats)
        {
            Measure(new WeightRounding(format, RoundsEmbedding: false, RoundsActivations: false), KvFormat.Float32);
            Measure(new WeightRounding(format, RoundsEmbedding: true, RoundsActivations: false), KvFormat.Float32);
            Measure(new WeightRounding(format, RoundsEmbedding: false, RoundsActivations: true), KvFormat.Float32);
            Measure(new WeightRounding(format, RoundsEmbedding: true, RoundsActivations: true), KvFormat.Float32, KvFormat.Float16, KvFormat.Int8, KvFormat.Int4);
        }

        void Measure(WeightRounding rounding, params ReadOnlySpan<KvFormat> kvFormats)
        {
            var model = rounding.Load(text.Checkpoint, text.AllLayers);
            foreach (var kvFormat in kvFormats)
            {
                var measured = text.Measure(model, kvFormat, threads);
                Console.WriteLine(
                    $"{rounding.Format.Bits},{rounding.Format.GroupSize},{(rounding.RoundsEmbedding ? "all" : "layers")},{(rounding.RoundsActivations ? 8 : 32)},{(int)kvFormat},"
                    + $"{measured.Value:F4},{HeldoutText.Rise(measured, exact):F3}");
            }
        }
    }
}
