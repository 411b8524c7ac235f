using Spectre.Console;
using SplitActors.Hosts.Simulating;
using SplitActors.Simulation.Cluster;

namespace SplitActors.Hosts.Cli;

/// <summary>What a simulation came to, for people.</summary>
internal static class SimulateReport
{
    public static void Print(ClusterReport report, SimulateOptions options) => Terminal.Output.WriteFacts([.. Facts(report, options)]);

    public static void Print(WorldSweepReport report) => Terminal.Output.WriteFacts(
    [
        ("worlds", Text($"{report.WorldCount} from seed {report.FirstSeed} on; {(report.Violations.Count == 0 ? "in all of them all held" : "not in all of them all held")}")),
        ("sessions", Text($"{report.SessionCount} with {report.TokenCount} tokens, {report.FailoverCount} failovers, {report.MoveCount} moves")),
        ("hedges", Hedges(report.Hedges)),
        ("messages", Text($"{report.MessageCount}")),
        ("trace hash", Text($"{report.TraceHash:x16}")),
    ]);

    /// <summary>[2511.04002, figure 5]</summary>
    public static void Print(IReadOnlyList<OffloadPoint> points)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("devices");
        foreach (var curve in points.Select(point => point.TokenCountMax).Distinct())
            table.AddColumns(new TableColumn($"{NameOf(curve)}: server s").RightAligned(), new TableColumn($"{NameOf(curve)}: server tokens").RightAligned());
        foreach (var devices in points.GroupBy(point => point.DeviceCount))
            table.AddRow([$"{devices.Key}", .. devices.SelectMany(point => new[] { Text($"{point.ServerTime.TotalSeconds:0.0}"), $"{point.ServerTokenCount}" })]);
        Terminal.Output.Write(table);
    }

    public static string NameOf(int? tokenCountMax) => tokenCountMax is { } most ? $"W̄ = {most}" : "cloud-only";

    private static IEnumerable<(string Name, string Value)> Facts(ClusterReport report, SimulateOptions options)
    {
        var cluster = options.Cluster;
        yield return ("cluster", Text($"{cluster.DeviceCount} devices ({cluster.Costs.Device.Name}), {cluster.WorkerCount} workers ({cluster.Costs.Worker.Name}), 1 scheduler; {options.Link.Description}"));
        yield return ("time", Text($"{report.Elapsed.TotalSeconds:0.0} virtual seconds, until all sessions had ended"));
        var ends = report.Ends.Select(end => $"{end.Value} ended by {end.Key}").Append($"{report.CrashedCount} by a crash of their device");
        yield return ("sessions", Text($"{report.SessionCount}: {string.Join(", ", ends)}"));
        yield return ("tokens", Text($"{report.TokenCount}; {report.FailoverCount} failovers, {report.MoveCount} moves"));
        yield return ("hedges", Hedges(report.Hedges));
        if (cluster.Deadline is not null)
            yield return ("deadlines", Text($"{report.Verdicts.Kept} tokens kept theirs, {report.Verdicts.Degraded} came later but as told before, {report.Verdicts.Missed} missed"));
        yield return ("TTFT ms", Percentiles(report.TtftMs));
        yield return ("TPOT ms", Percentiles(report.TpotMs));
        yield return ("recovery ms", Percentiles(report.RecoveryMs));
        yield return ("workers", Text($"{report.WorkerTime.TotalSeconds:0.0} s for {report.WorkerTokenCount} tokens and {report.WorkerRowCount} rows; busy {string.Join(", ", report.WorkerBusyShares.Select(share => $"{share:P1}"))}"));
        var faults = report.MessageFaults;
        yield return ("messages", Text($"{report.MessageCount}; {faults.Dropped} lost, {faults.Duplicated} repeated, {faults.Delayed} delayed"));
        yield return ("disturbances", report.Disturbances.Count == 0 ? "none" : string.Join(", ", report.Disturbances.Select(kind => $"{kind.Value} {kind.Key}")));
        yield return ("invariants", report.Violation is null ? "all held" : report.Violation);
        yield return ("trace hash", Text($"{report.TraceHash:x16}"));
    }

    private static string Hedges(HedgeCounts hedges) => Text($"{hedges.Opened} opened, {hedges.Won} won, {hedges.Lost} lost; {hedges.Rows} rows replayed for them");

    private static string Percentiles(LatencyPercentiles latency) => Text($"p50 {latency.P50:0.0}, p95 {latency.P95:0.0}, p99 {latency.P99:0.0}");

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
