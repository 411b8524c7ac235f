using SplitActors.EndToEnd;
using SplitActors.EndToEnd.Batching;
using SplitActors.EndToEnd.Member;
using SplitActors.EndToEnd.Planning;

switch (args)
{
    case ["quality", "kv"]:
        KvQuality.Run();
        return 0;
    case ["quality", "kv-frames"]:
        KvFrameQuality.Run(int.MaxValue);
        return 0;
    case ["quality", "kv-frames", var windows]:
        KvFrameQuality.Run(int.Parse(windows));
        return 0;
    case ["quality", "weights"]:
        WeightQuality.Run();
        return 0;
    case ["load", var folder]:
        LoadBenchmark.Run(folder);
        return 0;
    case ["fuzz", var inputs]:
        FrameFuzz.Run(long.Parse(inputs), seed: 1);
        return 0;
    case ["fuzz", var inputs, "--seed", var seed]:
        FrameFuzz.Run(long.Parse(inputs), int.Parse(seed));
        return 0;
    case ["plan"]:
        await PlanBenchmark.RunAsync(roundCount: 3);
        return 0;
    case ["plan", var rounds]:
        await PlanBenchmark.RunAsync(int.Parse(rounds));
        return 0;
    case ["batching"]:
        await BatchingBenchmark.RunAsync(roundCount: 5, filter: "");
        return 0;
    case ["batching", var filter]:
        await BatchingBenchmark.RunAsync(roundCount: 5, filter);
        return 0;
    case ["overload"]:
        await OverloadBenchmark.RunAsync();
        return 0;
    case ["member"]:
        await MemberBenchmark.RunAsync(roundCount: 15);
        return 0;
    case ["speed"]:
        await SpeedBenchmark.RunAsync();
        return 0;
    default:
        Console.Error.WriteLine("""
            Usage: dotnet run -c Release --project benchmarks/EndToEnd -- VERB
              quality kv       perplexity with keys and values at 32, 16, 8 and 4 bits
              quality kv-frames [N]
                               bytes of a cache that moves to another machine, and perplexity of the text that follows; over N windows
              quality weights  perplexity with weights at 16 to 2 bits, alone, with int8 activations, and with fewer bits for keys and values
              load DIR         milliseconds to open a model, an OPSC package say, whose files are in the system's cache
              fuzz N [--seed S]
                               decodes N random and mutated frames of all kinds; stops at an exception, at an allocation beyond the bounds, or at a
                               write where there should be none
              plan [N]         what `splitactors plan` expects against what `run` and `bench` measure, and what its choices are worth; medians of N rounds (3)
              batching [NAME]  tokens per second and time per token of one worker that serves 1 to 32 sessions; of models whose names contain NAME
              overload         sessions that arrive twice as fast as a worker can serve them: what is refused, and what the others get
              member           what a member of a cluster on loopback adds to the time of a token, back to back and paced at 20 ms
              speed            time to first output of a fresh process, and tokens per second in every mode
            Quality is that of the embedded model on the whole of heldout.txt; that of codecs for the link, `splitactors codec measure` tells.
            """);
        return 2;
}
