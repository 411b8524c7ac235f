using System.CommandLine;
using SplitActors.Hosts.Benchmarking;
using SplitActors.Inference;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors bench</c>: how fast this machine runs a model, and how much memory that takes.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var command = new Command(
            "bench",
            """
            Measures prefill and decoding of a model in tokens per second, the share of the memory's read bandwidth that decoding reaches, and the peak of memory.
            A round is a prompt into an empty cache, and tokens after it; one round warms up, and its figures are dropped.

            Example: splitactors bench --shape llama-1b --bits 4 --prompt 512 --decode 64

            Every value can also be given as an environment variable (SPLITACTORS_KV_BITS for --kv-bits).
            Exit codes: 0 done, 1 failed, 2 wrong option, 3 wrong checkpoint, 5 output not writable, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """);
        foreach (var setting in BenchSettings.All)
            command.Add(setting.Option);
        command.SetAction((parsed, _) => RunAsync(BenchOptions.Read(parsed), TimeProvider.System));
        return command;
    }

    private static async Task<int> RunAsync(BenchOptions options, TimeProvider clock)
    {
        using var interruption = new Interruption();
        using var loading = new LoadingLine(isEnabled: !options.Json && !options.IsStepped, interruption.Token);
        try
        {
            await RunAsync(options, loading, clock, interruption.Token);
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode; // figures of fewer rounds are none
        }
    }

    private static async Task RunAsync(BenchOptions options, LoadingLine loading, TimeProvider clock, CancellationToken cancellation)
    {
        BenchModel.Store(options, loading, clock);
        using var threads = new ComputeThreads(options.ThreadCount);
        var started = clock.GetTimestamp();
        using var model = BenchModel.Open(options, loading);
        var workload = options.WorkloadFor(model.Config.ContextLength);
        var segment = model.Load(loading, threads);
        var loadTime = clock.GetElapsedTime(started);

        using var benchmark = new SegmentBenchmark(segment, workload, threads, clock);
        if (options.IsStepped)
        {
            await StepAsync(benchmark, options.RoundCount, cancellation);
            return;
        }

        var rounds = new List<BenchRound>();
        benchmark.Run(measuresBandwidth: true, cancellation); // compiles, touches every page
        while (rounds.Count < options.RoundCount)
        {
            rounds.Add(benchmark.Run(measuresBandwidth: true, cancellation));
            loading.Round(rounds.Count, options.RoundCount);
        }

        loading.Clear();
        var summary = new BenchSummary(segment, workload, options.ThreadCount, loadTime, rounds, benchmark.KvByteCount, PeakMemory.ByteCount);
        if (options.Json)
            Console.Out.WriteLine(BenchReport.ToJson(model, summary));
        else
            Terminal.Output.WriteFacts([.. BenchReport.Facts(model, summary)]);
    }

    /// <summary>Whoever takes turns with another engine says when; in between nothing runs.</summary>
    private static async Task StepAsync(SegmentBenchmark benchmark, int roundCount, CancellationToken cancellation)
    {
        StandardInput.Require(UserErrorKind.Prompt, "a line for each round");
        for (var round = 0; round < roundCount; round++)
        {
            if (await Task.Run(Console.In.ReadLine, cancellation).WaitAsync(cancellation) is null)
                return;
            Console.Out.WriteLine(BenchReport.ToJson(benchmark.Run(measuresBandwidth: false, cancellation)));
        }
    }
}
