using System.Text.Json;
using SplitActors.Inference.Planning.Compute;
using SplitActors.Inference.Planning.Selection;

namespace SplitActors.Hosts.Cli;

/// <summary>A plan for machines.</summary>
internal static class PlanJson
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>One object. What is not limited, or has no bound, is null.</summary>
    public static string Write(PlanReport report)
    {
        var problem = report.Problem;
        return JsonSerializer.Serialize(
            new
            {
                report.Model,
                problem.Config.LayerCount,
                Feasible = report.Plan.Choice is not null,
                report.Plan.IsSplit,
                report.Plan.Reason,
                SlowStart = SlowStart.Describe(report.Plan, problem),
                Choice = report.Plan.Choice is { } choice ? Of(choice) : null,
                SmallestChange = report.Plan.SmallestChange.Select(Of),
                SingleChanges = report.Plan.SingleChanges.Select(Of),
                Device = new { report.Device.Description, report.Device.IsEstimate, MemoryBytesMax = problem.MemoryBytesMax < long.MaxValue ? problem.MemoryBytesMax : (long?)null },
                Worker = new { report.Worker.Description, report.Worker.IsEstimate },
                Link = report.Link.Description,
                HiddenStates = report.States.Description,
                report.Accuracy,
                report.Verification,
                problem.PromptTokens,
                Tokens = problem.DeviceLoad.TokenCountMax,
                DeadlineMs = Milliseconds(problem.DeadlineSeconds),
                MaxRisePercent = Finite(100 * problem.PerplexityRiseMax),
                Candidates = report.Plan.Candidates.Select(Of),
            },
            Options);
    }

    private static object Of(Candidate candidate) => new
    {
        candidate.Choice.SplitLayer,
        FrontWeightBits = candidate.Choice.SplitLayer > 0 ? candidate.Choice.FrontWeights.Bits : (int?)null,
        FrontKvBits = candidate.Choice.SplitLayer > 0 ? (int)candidate.Choice.FrontKv : (int?)null,
        candidate.ActivationBits,
        TtftMs = Milliseconds(candidate.FirstToken.Seconds),
        TpotMs = Milliseconds(candidate.Token.Seconds),
        TpotMsParts = Of(candidate.Token),
        TpotMsWorst = Milliseconds(candidate.TokenSecondsWorst),
        MemoryBytes = candidate.Memory.ByteCount,
        BytesPerToken = candidate.UplinkBytes,
        PerplexityRisePercent = 100 * candidate.PerplexityRise,
        Verdict = JsonNamingPolicy.SnakeCaseLower.ConvertName($"{candidate.Verdict}"),
        candidate.Reason,
        Breaks = candidate.Shortfalls.Select(Of),
    };

    private static object Of(LatencyParts parts) => new
    {
        Device = Milliseconds(parts.Device),
        Uplink = Milliseconds(parts.Uplink),
        Queue = Milliseconds(parts.Queue),
        Worker = Milliseconds(parts.Worker),
        Downlink = Milliseconds(parts.Downlink),
    };

    /// <summary>In bytes, seconds, or as a share of the perplexity.</summary>
    private static object Of(Shortfall shortfall) => new
    {
        Constraint = $"{shortfall.Constraint}".ToLowerInvariant(),
        shortfall.Limit,
        Needed = Finite(shortfall.Needed),
    };

    private static double? Milliseconds(double seconds) => Finite(Math.Round(seconds * 1e3, 6));

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
