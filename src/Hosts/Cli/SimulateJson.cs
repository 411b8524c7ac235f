using System.Text.Json;
using SplitActors.Hosts.Simulating;
using SplitActors.Simulation.Cluster;

namespace SplitActors.Hosts.Cli;

/// <summary>What a simulation came to, for machines. Times are virtual.</summary>
internal static class SimulateJson
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DictionaryKeyPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static string Write(ClusterReport report, SimulateOptions options) => JsonSerializer.Serialize(
        new
        {
            report.Seed,
            Devices = options.Cluster.DeviceCount,
            Workers = options.Cluster.WorkerCount,
            Link = options.Link.Description,
            report.Violation,
            TraceHash = $"{report.TraceHash:x16}",
            ElapsedMs = report.Elapsed.TotalMilliseconds,
            Sessions = report.SessionCount,
            Ends = report.Ends.ToDictionary(end => $"{end.Key}", end => end.Value, StringComparer.Ordinal),
            Crashed = report.CrashedCount,
            Tokens = report.TokenCount,
            Failovers = report.FailoverCount,
            Hedges = new { report.Hedges.Opened, report.Hedges.Won, report.Hedges.Lost, report.Hedges.Rows },
            Moves = report.MoveCount,
            Deadlines = new { report.Verdicts.Kept, report.Verdicts.Degraded, report.Verdicts.Missed },
            report.TtftMs,
            report.TpotMs,
            report.RecoveryMs,
            WorkerTimeMs = report.WorkerTime.TotalMilliseconds,
            WorkerTokens = report.WorkerTokenCount,
            WorkerRows = report.WorkerRowCount,
            report.WorkerBusyShares,
            Messages = report.MessageCount,
            MessageFaults = new { report.MessageFaults.Dropped, report.MessageFaults.Duplicated, report.MessageFaults.Delayed, report.MessageFaults.Reordered },
            Disturbances = report.Disturbances.ToDictionary(kind => kind.Key.Replace(' ', '_'), kind => kind.Value, StringComparer.Ordinal),
        },
        Options);

    public static string Write(WorldSweepReport report) => JsonSerializer.Serialize(
        new
        {
            report.FirstSeed,
            Worlds = report.WorldCount,
            Sessions = report.SessionCount,
            Tokens = report.TokenCount,
            Messages = report.MessageCount,
            Failovers = report.FailoverCount,
            Hedges = new { report.Hedges.Opened, report.Hedges.Won, report.Hedges.Lost, report.Hedges.Rows },
            Moves = report.MoveCount,
            Violations = report.Violations.Select(violation => new { violation.Seed, violation.What }),
            TraceHash = $"{report.TraceHash:x16}",
        },
        Options);

    public static string Write(IReadOnlyList<OffloadPoint> points) => JsonSerializer.Serialize(
        new
        {
            Points = points.Select(point => new
            {
                Devices = point.DeviceCount,
                point.TokenCountMax,
                ServerTimeMs = point.ServerTime.TotalMilliseconds,
                ServerTokens = point.ServerTokenCount,
                point.Violation,
            }),
        },
        Options);
}
