using System.Globalization;
using SplitActors.EndToEnd;
using SplitActors.Inference.Compression;

switch (args)
{
    case ["quality"]:
        QualityBenchmark.Run(new TabqOptions());
        return 0;
    case ["quality", var threshold, var tolerance, var bitsMax, var bitsMin]:
        QualityBenchmark.Run(new TabqOptions(
            Threshold.Parse(threshold, "threshold"), double.Parse(tolerance, CultureInfo.InvariantCulture), int.Parse(bitsMax), int.Parse(bitsMin)));
        return 0;
    case ["speed"]:
        await SpeedBenchmark.RunAsync();
        return 0;
    default:
        Console.Error.WriteLine("""
            Usage: dotnet run -c Release --project benchmarks/EndToEnd -- quality [τ Δ Q̄ Q]|speed
              quality  perplexity, bytes and ratio of the embedded model on heldout.txt at every split, compressed at the defaults or with
                       threshold τ (3rms), distortion tolerance Δ (0.12), most bits Q̄ and fewest bits Q
              speed    time to first output of a fresh process, and tokens per second in every mode
            """);
        return 2;
}
