using System.CommandLine;
using Akka.Actor;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Scheduling;
using SplitActors.Hosts.Serving;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors run "prompt"</c>: scheduler, worker and device in this process; text to stdout, the ledger to stderr.</summary>
internal static class RunCommand
{
    public const string Name = "run";

    public static Command Create()
    {
        var command = new Command(
            Name,
            """
            Continues a text, the first layers running on a device actor and the rest on a worker actor, and prints what each token cost.

            Example: splitactors run "Once upon a time" --split 3 --max-tokens 200 --seed 7
            Let the scheduler choose the split: splitactors run "Once upon a time" --split auto --link lte --device-memory 60MB
            Over a link: splitactors run "Once upon a time" --link rayleigh:bw=10MHz,snr=10,rtt=20ms --deadline 50ms/token

            Every value can also be given as an environment variable (SPLITACTORS_MAX_TOKENS for --max-tokens) or in hocon/run.conf.
            Exit codes: 0 done, 1 failed, 2 wrong option, 3 wrong checkpoint, 4 wrong prompt, 5 output not writable, 6 no plan keeps the limits, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """)
        {
            RunSettings.Prompt, RunSettings.Config.Option,
        };
        foreach (var setting in RunSettings.All)
            command.Add(setting.Option);
        command.SetAction((parsed, _) => RunAsync(RunOptions.Read(parsed)));
        return command;
    }

    private static async Task<int> RunAsync(RunOptions options)
    {
        var prompt = PromptReader.Read(options.Prompt);
        using var interruption = new Interruption();
        using var loading = new LoadingLine(isEnabled: !options.Quiet && !options.Json, interruption.Token, warns: !options.Quiet);
        try
        {
            return await RunAsync(options, prompt, loading, interruption);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode; // while loading: there is nothing to bill yet
        }
    }

    private static async Task<int> RunAsync(RunOptions options, string prompt, LoadingLine loading, Interruption interruption)
    {
        using var opened = ModelFolder.OpenRunnable(options.Model, loading);
        var (checkpoint, tokenizer, defaults) = opened;
        var (plan, calibration) = options.PlanFor(checkpoint);
        var profile = RunProfile.For(options, checkpoint, plan, calibration, loading, interruption.Token);
        var generation = new Generation(PromptReader.Encode(prompt, tokenizer, checkpoint.Config), options.Sampling(defaults), options.MaxTokens);

        var model = new ServedModel(checkpoint, calibration, options.Placement.Compression.Predicts);
        await using var cluster = new LocalCluster(model, plan, options.Serving with { Profile = profile }, TimeProvider.System, message => Warn(options, message));
        var firstLayer = options.Moves.SplitLayers.Prepend(plan?.SplitLayer ?? 0).Min();
        if (firstLayer < checkpoint.Config.LayerCount)
            cluster.StartWorkers(firstLayer, options.WorkerCount, loading.Layers("worker"));

        var id = SessionFollower.NewId();
        var stop = new WorkerStop(cluster, options.StopWorkerAt);
        var planned = new PlannedEvents(cluster, id, options, PlanFor);
        var (events, session) = cluster.StartSession(id, generation, Observe, loading.Layers("device"));
        using var cancelling = interruption.Token.Register(() => session.Tell(new CancelSession()));

        IRunReport report = options.Json
            ? new JsonReport(Console.Out, tokenizer, checkpoint.Config, generation.Prompt.Count, options.Serving.Deadline)
            : new TextReport(Console.Out, tokenizer, checkpoint.Config, generation.Prompt.Count, prompt, loading, options.Serving.Deadline, options.Quiet);
        var (ended, observation) = await SessionFollower.FollowAsync(events, report);
        report.End(ended, options.Link is { } link && cluster.Traffic is var (up, down) ? new RunLink(link.Text, up, down, observation) : null);
        if (ended.Reason is EndReason.EndToken or EndReason.TokenLimit or EndReason.ContextFull)
        {
            foreach (var missed in planned.Missed.Prepend(stop.Missed).OfType<string>())
                Warn(options, $"{missed} did nothing: the text ended after {planned.GeneratedCount} tokens.");
        }

        return SessionFollower.ExitCodeOf(ended, interruption);

        FixedPlan PlanFor(int splitLayer) => options.Placement.PlanFor(splitLayer, calibration, checkpoint.Config);

        void Observe(SessionEvent sessionEvent)
        {
            stop.Observe(sessionEvent);
            planned.Observe(sessionEvent);
        }
    }

    private static void Warn(RunOptions options, string message)
    {
        if (!options.Quiet)
            Console.Error.WriteLine($"splitactors: {message}");
    }
}
