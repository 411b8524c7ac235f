using System.CommandLine;
using SplitActors.Hosts.Simulating;
using SplitActors.Simulation.Cluster;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors simulate</c>: a cluster in virtual time, with faults, and checks after every message.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        var command = new Command(
            "simulate",
            """
            Runs the scheduler, workers and devices of this program on virtual time over a network that misbehaves, with a stand-in for the model, and checks after
            every message what must always hold: no token is lost, repeated or changed, memory is bounded, every session ends, deadlines are reported truthfully.
            The same seed and settings give the same run.

            Example: splitactors simulate --devices 50 --workers 4 --minutes 1 --seed 7 --faults default --link lte

            Every value can also be given as an environment variable (SPLITACTORS_DEVICES for --devices).
            Exit codes: 0 all held, 1 something did not, 2 wrong option, 5 output not writable, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """);
        foreach (var setting in SimulateSettings.Every)
            command.Add(setting.Option);
        command.SetAction(parsed => Run(SimulateOptions.Read(parsed)));
        return command;
    }

    private static int Run(SimulateOptions options)
    {
        using var interruption = new Interruption();
        using var progress = new ProgressLine(TimeProvider.System, "simulating", isEnabled: !options.Json, interruption.Token);
        try
        {
            if (options.WorldCount is { } worldCount)
                return RunWorlds(options, worldCount, progress, interruption.Token);
            return options.Offload.Count > 0 ? RunOffload(options, progress) : RunCluster(options, progress);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private static int RunCluster(SimulateOptions options, ProgressLine progress)
    {
        using var simulation = new ClusterSimulation(options.Cluster);
        var duration = options.Cluster.Duration;
        var report = simulation.Run(elapsed => progress.Report(Math.Min(1, elapsed / duration), Invariant($"{elapsed.TotalSeconds:0} of {duration.TotalSeconds:0} virtual seconds")));
        progress.Dispose();
        if (options.Json)
            Console.Out.WriteLine(SimulateJson.Write(report, options));
        else
            SimulateReport.Print(report, options);
        return Conclude(report.Violation is { } violation ? [(options.Cluster.Seed, violation)] : [], options.CommandWithoutSeed);
    }

    private static int RunWorlds(SimulateOptions options, int worldCount, ProgressLine progress, CancellationToken cancellation)
    {
        var report = WorldSweep.Run(options.Cluster.Seed, worldCount, done => progress.Report((double)done / worldCount, $"{done} of {worldCount} worlds"), cancellation);
        progress.Dispose();
        if (options.Json)
            Console.Out.WriteLine(SimulateJson.Write(report));
        else
            SimulateReport.Print(report);
        return Conclude(report.Violations, "splitactors simulate --worlds 1");
    }

    private static int RunOffload(SimulateOptions options, ProgressLine progress)
    {
        if (options.Plot is not null)
            CodecOutput.CheckPlace(options.Plot);
        var points = OffloadSweep.Run(options.Cluster, options.Offload, share => progress.Report(share, Invariant($"{share:P0}")));
        progress.Dispose();
        if (options.Plot is not null)
            CodecOutput.Write(options.Plot, SimulatePlot.Draw(points));
        if (options.Json)
            Console.Out.WriteLine(SimulateJson.Write(points));
        else
            SimulateReport.Print(points);
        return Conclude([.. points.Where(point => point.Violation is not null).Select(point => (options.Cluster.Seed, point.Violation!))], options.CommandWithoutSeed);
    }

    /// <summary>What did not hold goes to standard error, with the command that shows it again.</summary>
    private static int Conclude(IReadOnlyList<(ulong Seed, string What)> violations, string command)
    {
        foreach (var (seed, what) in violations)
            Console.Error.WriteLine($"splitactors: seed {seed}: {what}. To see it again: {command} --seed {seed}");
        return violations.Count == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
