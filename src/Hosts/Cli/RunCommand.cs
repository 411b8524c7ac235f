using System.CommandLine;
using System.Security.Cryptography;
using System.Threading.Channels;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Links;
using SplitActors.Actors.Protocol;
using SplitActors.Actors.Scheduling;
using SplitActors.Hosts.Serving;
using SplitActors.Inference;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Sampling;
using SplitActors.Inference.Tokenization;

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
            Where to split is the scheduler's to plan: splitactors run "Once upon a time" --split auto --link lte --device-memory 60MB
            Over a link: splitactors run "Once upon a time" --link rayleigh:bw=10MHz,snr=10,rtt=20ms --deadline 50ms/token

            Every value can also be given as an environment variable (SPLITACTORS_MAX_TOKENS for --max-tokens) or in config/run.json.
            Exit codes: 0 done, 1 failed, 2 wrong option, 3 wrong checkpoint, 4 wrong prompt, 5 output not writable, 6 no plan keeps the limits, 130 interrupted, 143 terminated.
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
        using var loading = new LoadingLine(isEnabled: !options.Quiet && !options.Json, interruption.Token);
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
        using var checkpoint = Checkpoint.Open(options.Model, new CheckpointOpenOptions { Progress = loading });
        var (plan, calibration) = options.PlanFor(checkpoint);
        var profile = RunProfile.For(options, checkpoint, plan, calibration, loading, interruption.Token);
        var sampling = options.Sampling(GenerationDefaults.Read(checkpoint));
        var tokenizer = Tokenizer.Load(checkpoint);
        var tokens = Encode(tokenizer, prompt, checkpoint.Config);

        await using var cluster = new LocalCluster(
            checkpoint, plan, calibration, options.Serving with { Profile = profile }, TimeProvider.System, message => Warn(options, message));
        var firstLayer = options.Moves.SplitLayers.Prepend(plan?.SplitLayer ?? 0).Min();
        if (firstLayer < checkpoint.Config.LayerCount)
            cluster.StartWorkers(firstLayer, options.WorkerCount, loading.Layers("worker"));

        var id = NewSessionId();
        var stop = new WorkerStop(cluster, options.StopWorkerAt);
        var planned = new PlannedEvents(cluster, id, options, PlanFor);
        var (events, session) = cluster.StartSession(id, tokens, sampling, options.MaxTokens, Observe, loading.Layers("device"));
        using var cancelling = interruption.Token.Register(() => session.Tell(new CancelSession()));

        IRunReport report = options.Json
            ? new JsonReport(Console.Out, tokenizer, checkpoint.Config, tokens.Length, options.Serving.Deadline)
            : new TextReport(Console.Out, tokenizer, checkpoint.Config, tokens.Length, prompt, loading, options);
        var (ended, observation) = await FollowAsync(events, report);
        report.End(ended, options.Link is { } link && cluster.Traffic is var (up, down) ? new RunLink(link.Text, up, down, observation) : null);
        return ended.Reason switch
        {
            EndReason.Failed => ExitCode.Failure,
            EndReason.Refused => ExitCode.Infeasible,
            EndReason.Cancelled => interruption.ExitCode,
            _ => ExitCode.Success,
        };

        FixedPlan PlanFor(int splitLayer) => options.PlanFor(splitLayer, calibration, checkpoint.Config);

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

    /// <summary>Passes a session's events on until it ends.</summary>
    private static async Task<(SessionEnded Ended, LinkObservation? Link)> FollowAsync(ChannelReader<SessionEvent> events, IRunReport report)
    {
        LinkObservation? link = null;
        await foreach (var sessionEvent in events.ReadAllAsync())
        {
            switch (sessionEvent)
            {
                case SessionPlanned planned: report.Plan(planned.Plan); break;
                case TokenGenerated token: report.Token(token); break;
                case WorkerReplaced replaced: report.WorkerReplaced(replaced); break;
                case SessionMoved moved: report.Moved(moved); break;
                case MoveAbandoned abandoned: report.MoveAbandoned(abandoned); break;
                case DeadlineUpdated updated: report.DeadlineUpdated(updated.Deadline); break;
                case LinkObserved observed: link = observed.Observation; break;
                case SessionEnded ended: return (ended, link);
            }
        }

        throw new InvalidOperationException("The session stopped without saying why.");
    }

    /// <summary>The prompt is a user's text: what looks like a control token in it is text.</summary>
    private static int[] Encode(Tokenizer tokenizer, string prompt, ModelConfig config)
    {
        var tokens = tokenizer.Encode(prompt, addSpecialTokens: true, parseSpecialTokens: false);
        var outside = Array.Find(tokens, token => token >= config.VocabularySize);
        if (outside > 0)
        {
            throw new UserErrorException(
                UserErrorKind.Checkpoint, "tokenizer.json", $"token ids below the model's {config.VocabularySize}", $"{outside}", "Use the tokenizer of this model.");
        }

        return tokens.Length > 0 && tokens.Length < config.ContextLength
            ? tokens
            : throw new UserErrorException(
                UserErrorKind.Prompt, "The prompt", $"1 to {config.ContextLength - 1} tokens (the model's context less one to generate)", $"{tokens.Length}", "Shorten it.");
    }

    private static SessionId NewSessionId() => new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
}
