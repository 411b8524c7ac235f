using System.Diagnostics;
using System.Text.Json;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd;

/// <summary>Fresh processes of the built program, one mode after the other in each round.</summary>
internal static class SpeedBenchmark
{
    private const int RoundCount = 7;
    private const int TokenCount = 400;
    private static readonly string[] Modes = ["device", "split", "cloud"];

    public static async Task RunAsync()
    {
        var program = Repository.PathTo("artifacts", "bin", "SplitActors.Hosts", "release", "splitactors");
        var runs = Modes.ToDictionary(mode => mode, _ => new List<Run>(), StringComparer.Ordinal);
        using var engine = new EngineLoop();
        engine.TokensPerSecond(TokenCount); // compiles it
        var engineRuns = new List<double>();
        for (var round = 0; round < RoundCount; round++)
        {
            engineRuns.Add(engine.TokensPerSecond(TokenCount));
            foreach (var mode in Modes)
                runs[mode].Add(await MeasureAsync(program, mode));
        }

        var engineMedian = engineRuns.Order().ElementAt(RoundCount / 2);
        Console.WriteLine($"medians of {RoundCount} interleaved rounds, greedy, {TokenCount} tokens, fresh processes");
        Console.WriteLine($"engine alone, warm, one thread: {engineMedian:F0} tokens/s, {engineMedian * engine.WeightBytes / 1e9:F1} GB/s of weights");
        Console.WriteLine("mode,first_output_ms,ttft_ms,tokens_per_second,share_of_engine,tpot_ms_p50,tpot_ms_p99");
        foreach (var mode in Modes)
        {
            double Median(Func<Run, double> figure) => runs[mode].Select(figure).Order().ElementAt(RoundCount / 2);
            Console.WriteLine($"{mode},{Median(r => r.FirstOutputMs):F0},{Median(r => r.TtftMs):F0},{Median(r => r.TokensPerSecond):F0},{Median(r => r.TokensPerSecond) / engineMedian:F2},{Median(r => r.TpotMsP50):F2},{Median(r => r.TpotMsP99):F2}");
        }
    }

    private static async Task<Run> MeasureAsync(string program, string mode)
    {
        string[] arguments = ["run", "Once upon a time", "--mode", mode, "--temperature", "0", "--max-tokens", $"{TokenCount}", "--json"];
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var firstOutputMs = 0.0;
        var last = "";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (firstOutputMs == 0 && line.StartsWith("{\"type\":\"token\"", StringComparison.Ordinal))
                firstOutputMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            last = line;
        }

        await process.WaitForExitAsync();
        var ledger = JsonDocument.Parse(last).RootElement;
        double Figure(string name) => ledger.GetProperty(name).GetDouble();
        return new Run(firstOutputMs, Figure("ttft_us") / 1000, Figure("tokens_per_second"), Figure("tpot_us_p50") / 1000, Figure("tpot_us_p99") / 1000);
    }

    private sealed record Run(double FirstOutputMs, double TtftMs, double TokensPerSecond, double TpotMsP50, double TpotMsP99);
}
