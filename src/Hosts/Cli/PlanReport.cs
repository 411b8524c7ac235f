using Spectre.Console;
using SplitActors.Hosts.Planning;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli;

/// <summary>A plan with what it was made from.</summary>
internal sealed record PlanReport(
    string Model, PlanningProblem Problem, Plan Plan, KnownProfile Device, KnownProfile Worker, LinkText Link, HiddenStateSizes States, string Accuracy,
    string? Verification)
{
    /// <summary>Rows of a table that still is read.</summary>
    private const int RowsMax = 24;

    private bool HasMemoryLimit => Problem.MemoryBytesMax < long.MaxValue;

    public void Print(Terminal output, bool listsAll)
    {
        var shown = listsAll ? Plan.Candidates : BestOfEachSplit();
        output.Write(Rows(shown));
        var facts = Facts().ToList();
        if (shown.Count < Plan.Candidates.Count)
            facts.Add(("table", $"the best of each split; --all lists the {Plan.Candidates.Count} candidates"));
        output.WriteFacts(facts);
    }

    /// <summary>All, if they are few; else of each ℓ the chosen one, or one that keeps the limits, with the most bits and then the least time.</summary>
    private IReadOnlyList<Candidate> BestOfEachSplit() => Plan.Candidates.Count <= RowsMax
        ? Plan.Candidates
        : [.. Plan.Candidates.GroupBy(candidate => candidate.Choice.SplitLayer).Select(split => split
            .OrderBy(candidate => candidate.Verdict == Verdict.Chosen ? 0 : candidate.IsFeasible ? 1 : 2)
            .ThenBy(candidate => candidate.Shortfalls.Sum(shortfall => shortfall.Share))
            .ThenByDescending(candidate => candidate.ActivationBits)
            .ThenBy(candidate => candidate.Token.Seconds)
            .First())];

    private Table Rows(IReadOnlyList<Candidate> candidates)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var header in new[] { "", "ℓ", "weights", "KV", "TTFT ms", "TPOT ms", "worst ms", "memory MB", "B/token", "perplexity" })
            table.AddColumn(CodecColumn.Of(header));
        table.AddColumn("verdict");
        foreach (var candidate in candidates)
        {
            table.AddRow(
                new Text(candidate.Verdict == Verdict.Chosen ? "→" : ""), new Text($"{candidate.Choice.SplitLayer}"), new Text(WeightsText(candidate)), new Text(KvText(candidate)),
                new Text($"{candidate.FirstToken.Seconds * 1e3:0}"), new Text($"{candidate.Token.Seconds * 1e3:0.0}"), new Text(Milliseconds(candidate.TokenSecondsWorst)),
                new Text($"{candidate.Memory.ByteCount / 1e6:0}"), new Text($"{candidate.UplinkBytes}"), new Text(RiseText(candidate.PerplexityRise)), new Text(VerdictText(candidate)));
        }

        return table;
    }

    private IEnumerable<(string Name, string Value)> Facts()
    {
        yield return (Plan.Choice is null ? "no plan" : "plan", Plan.Reason);
        if (Plan.Choice is null)
        {
            foreach (var change in Plan.SingleChanges)
                yield return ("enough alone", $"{change}");
        }

        if (SlowStart.Describe(Plan, Problem) is { } warning)
            yield return ("slow start", warning);
        var config = Problem.Config;
        yield return ("model", $"{Model}, {config.LayerCount} layers of {config.HiddenSize}");
        yield return ("device", $"{Device.Description}; {(HasMemoryLimit ? $"{Problem.MemoryBytesMax / 1e6:0} MB" : "memory not limited")}");
        yield return ("worker", $"{Worker.Description}; {Problem.Worker!.Weights}, keys and values of {(int)Problem.Worker!.Kv} bits, batches of {Problem.Worker!.BatchSize}");
        yield return ("link", Link.Description);
        yield return ("hidden states", States.Description);
        yield return ("accuracy", Accuracy);
        if (Verification is not null)
            yield return ("verified", Verification);
        yield return ("tokens", $"prompt of {Problem.PromptTokens}, {Problem.DeviceLoad.TokenCountMax} in all; TPOT is half-way between, worst is at the end and in the link's worst case");
        yield return ("limits", Limits);
        if (Device.IsEstimate || Worker.IsEstimate)
            yield return ("note", "times by data sheet are estimates and optimistic: measure with --device-profile measure on the machine itself");
    }

    private string Limits
    {
        get
        {
            var deadline = double.IsFinite(Problem.DeadlineSeconds) ? $"{Problem.DeadlineSeconds * 1e3:0.###} ms per token" : "no deadline";
            var rise = double.IsFinite(Problem.PerplexityRiseMax) ? $"perplexity at most {Problem.PerplexityRiseMax:0.##%} higher" : "accuracy not limited";
            return $"{deadline}, {rise}";
        }
    }

    private string VerdictText(Candidate candidate) => candidate.Verdict switch
    {
        Verdict.Chosen => IsAlone(candidate) is { } alone ? $"chosen: {alone} alone" : "chosen",
        Verdict.NotBest => "possible",
        Verdict.NoGain => "no gain over unsplit",
        _ => $"breaks {string.Join(", ", candidate.Shortfalls.Select(NameOf))}",
    };

    /// <summary>A limit that is not known to be kept is not kept.</summary>
    private static string NameOf(Shortfall shortfall) => shortfall.Constraint == Constraint.Accuracy && double.IsPositiveInfinity(shortfall.Needed)
        ? "accuracy, not measured"
        : $"{shortfall.Constraint}".ToLowerInvariant();

    private string? IsAlone(Candidate candidate) =>
        candidate.Choice.SplitLayer == 0 ? "worker" : candidate.Choice.SplitLayer == Problem.Config.LayerCount ? "device" : null;

    private static string WeightsText(Candidate candidate) =>
        candidate.Choice.SplitLayer == 0 ? "–" : candidate.Choice.FrontWeights is { IsQuantized: true } format ? Bits(format) : "16";

    private static string Bits(WeightFormat format) => format.GroupSize == WeightFormat.GroupSizeDefault ? $"{format.Bits}" : $"{format.Bits} g{format.GroupSize}";

    private static string KvText(Candidate candidate) => candidate.Choice.SplitLayer == 0 ? "–" : $"{(int)candidate.Choice.FrontKv}";

    private static string Milliseconds(double seconds) => double.IsFinite(seconds) ? $"{seconds * 1e3:0.0}" : "∞";

    private static string RiseText(double? rise) => rise is { } known ? $"{known:+0.00%;-0.00%;0.00%}" : "not measured";
}
