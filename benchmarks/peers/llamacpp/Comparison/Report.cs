using System.Text.Json;

namespace SplitActors.Peers.LlamaCpp.Comparison;

/// <summary>Medians of each engine and, of two, the ratios of the first to the second.</summary>
internal sealed record Report(Workload Workload, MeasuredRounds Measured)
{
    /// <summary>Processors: one thread that waits for a processor makes all the others wait at the next barrier.</summary>
    private const double OthersDisturb = 0.1;

    private static readonly (string Name, string Unit, Func<Round, double> Of)[] Figures =
    [
        ("prefill", "tokens/s", round => round.PrefillTokensPerSecond),
        ("decode", "tokens/s", round => round.DecodeTokensPerSecond),
        ("weights read in decode", "GB/s", round => round.ReadGigabytesPerSecond),
    ];

    private IReadOnlyList<EngineRounds> Engines => Measured.Engines;

    public IEnumerable<string> ToText()
    {
        yield return $"{Workload.Shape}, {Workload.Bits}-bit weights, {Workload.ThreadCount} threads, prompt of {Workload.PromptTokens}, {Workload.DecodeTokens} decoded; "
            + $"median (least to most) of {Engines[0].Rounds.Count} rounds";
        foreach (var (name, unit, figure) in Figures)
        {
            yield return $"{name}, {unit}";
            foreach (var engine in Engines)
                yield return $"  {engine.Name,-32} {Show(Spread.Of(engine.Rounds.Select(figure)), "F1")}";
            if (Ratio(figure) is { } ratio)
                yield return $"  {"ratio within a round",-32} {Show(ratio, "F3")}";
        }

        if (Measured.OtherProcessorsMax is { } others)
            yield return $"Other programs kept up to {others:F2} processors busy during a round.{(others > OthersDisturb ? " Measure again on a machine at rest." : "")}";
    }

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Workload.Shape,
            Workload.Bits,
            Threads = Workload.ThreadCount,
            Workload.PromptTokens,
            Workload.DecodeTokens,
            Engines,
            Measured.OtherProcessorsMax,
            PrefillRatio = Ratio(round => round.PrefillTokensPerSecond),
            DecodeRatio = Ratio(round => round.DecodeTokensPerSecond),
        },
        JsonNames.SnakeCase);

    private Spread? Ratio(Func<Round, double> figure) =>
        Engines is [var ours, var theirs] ? Spread.OfRatios(ours.Rounds.Select(figure), theirs.Rounds.Select(figure)) : null;

    private static string Show(Spread spread, string format) =>
        $"{spread.Median.ToString(format),9} ({spread.Min.ToString(format)} to {spread.Max.ToString(format)})";
}
