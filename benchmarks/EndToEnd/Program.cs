using SplitActors.EndToEnd;

switch (args)
{
    case ["quality"]:
        QualityBenchmark.Run();
        return 0;
    case ["speed"]:
        await SpeedBenchmark.RunAsync();
        return 0;
    default:
        Console.Error.WriteLine("""
            Usage: dotnet run -c Release --project benchmarks/EndToEnd -- quality|speed
              quality  perplexity, bytes and ratio of the embedded model on heldout.txt at every split, compressed at the defaults
              speed    time to first output of a fresh process, and tokens per second in every mode
            """);
        return 2;
}
