using System.Globalization;
using SplitActors.EndToEnd;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;

switch (args)
{
    case ["quality", "compression"]:
        CompressionQuality.Run(new TabqOptions());
        return 0;
    case ["quality", "compression", var threshold, var tolerance, var bitsMax, var bitsMin]:
        CompressionQuality.Run(new TabqOptions(
            Threshold.Parse(threshold, "threshold"), double.Parse(tolerance, CultureInfo.InvariantCulture), int.Parse(bitsMax), int.Parse(bitsMin)));
        return 0;
    case ["quality", "calibration", var quality]:
        CalibrationQuality.Run(QualityTarget.Parse(quality, "quality"));
        return 0;
    case ["quality", "kv"]:
        KvQuality.Run();
        return 0;
    case ["quality", "weights"]:
        WeightQuality.Run();
        return 0;
    case ["load", var folder]:
        LoadBenchmark.Run(folder);
        return 0;
    case ["speed"]:
        await SpeedBenchmark.RunAsync();
        return 0;
    default:
        Console.Error.WriteLine("""
            Usage: dotnet run -c Release --project benchmarks/EndToEnd -- VERB
              quality compression [τ Δ Q̄ Q]
                               perplexity, bytes and ratio at every split, compressed at the defaults or with threshold τ (3rms), distortion tolerance
                               Δ (0.12), most bits Q̄ and fewest bits Q
              quality calibration Q
                               perplexity, bytes and ratio at every split with the calibrated settings for a rise of Q (0.1%, 0.5%, 1%, 3%)
              quality kv       perplexity with keys and values at 32, 16, 8 and 4 bits
              quality weights  perplexity with weights at 16 to 2 bits, alone, with int8 activations, and with fewer bits for keys and values
              load DIR         milliseconds to open a model, an OPSC package say, whose files are in the system's cache
              speed            time to first output of a fresh process, and tokens per second in every mode
            Quality is that of the embedded model on the whole of heldout.txt.
            """);
        return 2;
}
