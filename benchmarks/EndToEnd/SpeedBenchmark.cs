using System.Diagnostics;
using System.Text.Json;
using SplitActors.Tests.Shared;

namespace SplitActors.EndToEnd;

/// <summary>Fresh processes of the built program, one mode after the other in each round.</summary>
internal static class SpeedBenchmark
{
    private const int RoundCount = 7;
    private static readonly string[] Modes = ["device", "split", "cloud"];

    public static async Task RunAsync()
    {
        var program = Repository.PathTo("artifacts", "bin", "SplitActors.Hosts", "release", "splitactors");
        var runs = Modes.ToDictionary(mode => mode, _ => new List<Run>(), StringComparer.Ordinal);
        for (var round = 0; round < RoundCount; round++)
        {
            foreach (var mode in Modes)
                runs[mode].Add(await MeasureAsync(program, mode));
        }

        Console.WriteLine($"medians of {RoundCount} interleaved rounds, greedy, 400 tokens");
        Console.WriteLine("mode,first_output_ms,ttft_ms,tokens_per_second,tpot_ms_p50,tpot_ms_p99");
        foreach (var mode in Modes)
        {
            double Median(Func<Run, double> figure) => runs[mode].Select(figure).Order().ElementAt(RoundCount / 2);
            Console.WriteLine($"{mode},{Median(r => r.FirstOutputMs):F0},{Median(r => r.TtftMs):F0},{Median(r => r.TokensPerSecond):F0},{Median(r => r.TpotMsP50):F2},{Median(r => r.TpotMsP99):F2}");
        }
    }

    private static async Task<Run> MeasureAsync(string program, string mode)
    {
        string[] arguments = ["run", "Once upon a time", "--mode", mode, "--temperature", "0", "--max-tokens", "400", "--json"];
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
