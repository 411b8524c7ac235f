using System.Text.Encodings.Web;
using System.Text.Json;
using SplitActors.Hosts.Chaos;

namespace SplitActors.Hosts.Cli;

/// <summary>What a run of <c>splitactors chaos</c> came to, for machines.</summary>
internal static class ChaosJson
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(ChaosReport report, ChaosSetup setup) => JsonSerializer.Serialize(
        new
        {
            setup.Seed,
            Schedulers = setup.SchedulerCount,
            Workers = setup.WorkerCount,
            Devices = setup.DeviceCount,
            setup.Contexts,
            Sessions = report.SessionCount,
            Exact = report.Sessions.GetValueOrDefault(SessionOutcome.Exact),
            Wrong = report.Sessions.GetValueOrDefault(SessionOutcome.Wrong),
            Unfinished = report.Sessions.GetValueOrDefault(SessionOutcome.Unfinished),
            Tokens = report.TokenCount,
            WorkersReplaced = report.Changes.Replaced,
            SessionsMoved = report.Changes.Moved,
            WallMs = Math.Round(report.WallTime.TotalMilliseconds),
            Recoveries = report.Recoveries.Select(Describe),
            Returns = report.ReturnTimes.Select(Describe),
            Disturbances = report.Disturbances.Select(Describe),
            Failures = report.Failures.Select(failure => new
            {
                Session = failure.Name,
                failure.PromptTokens,
                Outcome = ChaosText.NameOf(failure.Verdict.Outcome),
                failure.Verdict.Detail,
                Disturbances = failure.Disturbances.Select(Describe),
            }),
            report.Problems,
        },
        Options);

    private static object Describe(RecoveryGroup group) =>
        new { Kind = group.Name, group.Count, P50Ms = Rounded(group.At(0.5)), P99Ms = Rounded(group.At(0.99)), MaxMs = Rounded(group.At(1)) };

    private static object Describe(DisturbedSession disturbance) => new
    {
        Kind = disturbance.Name,
        disturbance.PromptTokens,
        disturbance.AtToken,
        AtMs = Rounded(disturbance.At.TotalMilliseconds),
        MendedMs = Rounded((disturbance.Until - disturbance.At).TotalMilliseconds),
        RecoveryMs = Rounded(disturbance.Recovery?.TotalMilliseconds),
        AmongOthers = disturbance.IsAmongOthers,
    };

    private static double? Rounded(double? milliseconds) => milliseconds is { } value ? Math.Round(value, 1) : null;
}
