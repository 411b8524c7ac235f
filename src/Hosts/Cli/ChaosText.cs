using Spectre.Console;
using SplitActors.Hosts.Chaos;

namespace SplitActors.Hosts.Cli;

/// <summary>What a run of <c>splitactors chaos</c> came to, for people.</summary>
internal static class ChaosText
{
    public static void Print(ChaosReport report, ChaosSetup setup)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("what was done");
        foreach (var column in new[] { "times", "recovery ms p50", "p99", "max" })
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var group in report.Recoveries)
            table.AddRow(group.Name, $"{group.Count}", Ms(group.At(0.5)), Ms(group.At(0.99)), Ms(group.At(1)));
        foreach (var group in report.ReturnTimes)
            table.AddRow(group.Name, $"{group.Count}", Ms(group.At(0.5)), Ms(group.At(0.99)), Ms(group.At(1)));
        if (report.Recoveries.Count > 0)
            Terminal.Output.Write(table);
        Terminal.Output.WriteFacts(
        [
            ("cluster", $"{setup.WorkerCount} workers, {setup.DeviceCount} devices, {setup.SchedulerCount} schedulers; prompts of {string.Join(", ", setup.Contexts)} tokens; seed {setup.Seed}"),
            ("sessions", $"{report.SessionCount}: {string.Join(", ", Enum.GetValues<SessionOutcome>().Select(outcome => $"{report.Sessions.GetValueOrDefault(outcome)} {NameOf(outcome)}"))}"),
            ("tokens", $"{report.TokenCount}; {report.Changes.Replaced} times another worker for one that was lost, {report.Changes.Moved} moves from one that left"),
            ("time", FormattableString.Invariant($"{report.WallTime.TotalSeconds:0} s")),
        ]);
    }

    /// <summary>To standard error, for people and machines alike.</summary>
    public static void PrintFaults(ChaosReport report)
    {
        foreach (var failure in report.Failures)
        {
            var done = string.Join(", ", failure.Disturbances.Select(disturbance => $"{disturbance.Name} at token {disturbance.AtToken}").DefaultIfEmpty("nothing of its own"));
            Console.Error.WriteLine($"splitactors: {failure.Name} with {failure.PromptTokens} prompt tokens was {NameOf(failure.Verdict.Outcome)}: {failure.Verdict.Detail}. It suffered: {done}.");
        }

        foreach (var problem in report.Problems)
            Console.Error.WriteLine($"splitactors: {problem}");
    }

    public static string NameOf(SessionOutcome outcome) => $"{outcome}".ToLowerInvariant();

    private static string Ms(double? milliseconds) => milliseconds is { } value ? FormattableString.Invariant($"{value:0}") : "–";
}
