using System.CommandLine;
using SplitActors.Hosts.Chaos;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors chaos</c>: a cluster of real processes that are killed, paused and cut off, and sessions that must not notice.</summary>
internal static class ChaosCommand
{
    public static Command Create()
    {
        var command = new Command(
            "chaos",
            """
            Runs a whole cluster on this machine (schedulers, workers, devices, each a process of its own), kills, pauses and cuts them off while sessions run, and checks that
            every session ends with exactly the tokens of a run that nothing disturbed. Needs Linux, and nothing installed.

            Example: splitactors chaos --kills 200 --scheduler-kills 20 --partitions 20 --seed 7 --plot recovery.svg

            Every value can also be given as an environment variable (SPLITACTORS_KILLS for --kills).
            Exit codes: 0 every session was exact, 1 one was not, or a process ended by itself, 2 wrong option, 3 wrong checkpoint, 5 output not writable, 7 the cluster does not start, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """);
        foreach (var setting in ChaosSettings.Every)
            command.Add(setting.Option);
        command.SetAction((parsed, _) => RunAsync(ChaosOptions.Read(parsed)));
        return command;
    }

    private static async Task<int> RunAsync(ChaosOptions options)
    {
        if (options.Plot is not null)
            CodecOutput.CheckPlace(options.Plot);
        if (options.Logs is not null)
            CodecOutput.CreateFolder(options.Logs);
        using var interruption = new Interruption();
        try
        {
            var report = await RunAsync(options.Setup, new ChaosLog(options.Logs, TimeProvider.System), isWatched: !options.Json, interruption.Token);
            if (options.Plot is not null)
                CodecOutput.Write(options.Plot, ChaosPlot.Draw(report));
            if (options.Json)
                Console.Out.WriteLine(ChaosJson.Write(report, options.Setup));
            else
                ChaosText.Print(report, options.Setup);
            ChaosText.PrintFaults(report);
            return interruption.Token.IsCancellationRequested ? interruption.ExitCode : report.IsGood ? ExitCode.Success : ExitCode.Failure;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private static async Task<ChaosReport> RunAsync(ChaosSetup setup, ChaosLog log, bool isWatched, CancellationToken cancellation)
    {
        IReadOnlyList<Prompt> prompts;
        using (var writing = new ProgressLine(TimeProvider.System, "running undisturbed", isWatched, cancellation))
            prompts = await PromptBook.WriteAsync(setup, log, (done, of) => writing.Report((double)done / of, $"{done} of {of} texts"), cancellation);

        using var cluster = new ChaosCluster(setup, log);
        using (var starting = new ProgressLine(TimeProvider.System, "starting the cluster", isWatched, cancellation))
        {
            starting.Report(0, "a few seconds");
            await cluster.StartAsync(cancellation);
        }

        using var breaking = new ProgressLine(TimeProvider.System, "breaking things", isWatched, cancellation);
        return await new ChaosRun(setup, cluster, prompts, log).RunAsync(
            (done, of, sessions) => breaking.Report(of == 0 ? 0 : (double)done / of, $"{done} of {of}, {sessions} sessions"), cancellation);
    }
}
