using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SplitActors.Actors.Edge;
using SplitActors.Actors.Protocol;
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

            Every value can also be given as an environment variable (SPLITACTORS_MAX_TOKENS for --max-tokens) or in config/run.json.
            Exit codes: 0 done, 1 failed, 2 wrong option, 3 wrong checkpoint, 4 wrong prompt, 5 output not writable, 130 interrupted, 143 terminated.
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
        using var loading = new LoadingLine(isEnabled: !options.Quiet && !options.Json);
        using var checkpoint = Checkpoint.Open(options.Model, new CheckpointOpenOptions { Progress = loading });
        var plan = options.PlanFor(checkpoint.Config.LayerCount);
        var sampling = options.Sampling(GenerationDefaults.Read(checkpoint));
        var tokenizer = Tokenizer.Load(checkpoint);
        var tokens = Encode(tokenizer, prompt, checkpoint.Config);

        await using var cluster = new LocalCluster(checkpoint, plan, TimeProvider.System);
        if (plan.Mode != ExecutionMode.Device)
            cluster.StartWorkers(options.WorkerCount, loading.Layers("worker"));
        var (events, session) = cluster.StartSession(NewSessionId(), tokens, sampling, options.MaxTokens, loading.Layers("device"));
        using var interruption = new Interruption(() => session.Tell(new CancelSession()));

        IRunReport report = options.Json
            ? new JsonReport(Console.Out, tokenizer, checkpoint.Config, tokens.Length)
            : new TextReport(Console.Out, tokenizer, checkpoint.Config, tokens.Length, prompt, loading, options.Quiet);
        var ended = await FollowAsync(events, report, cluster, options.StopWorkerAt);
        report.End(ended);
        return ended.Reason switch
        {
            EndReason.Failed => ExitCode.Failure,
            EndReason.Cancelled => interruption.ExitCode,
            _ => ExitCode.Success,
        };
    }

    /// <summary>Passes a session's events on until it ends, and stops its worker when that was asked for.</summary>
    private static async Task<SessionEnded> FollowAsync(
        System.Threading.Channels.ChannelReader<SessionEvent> events, IRunReport report, LocalCluster cluster, int? stopWorkerAt)
    {
        var worker = "";
        var generatedCount = 0;
        await foreach (var sessionEvent in events.ReadAllAsync())
        {
            switch (sessionEvent)
            {
                case SessionPlanned planned:
                    worker = planned.Plan.Worker;
                    report.Plan(planned.Plan);
                    break;
                case TokenGenerated token:
                    report.Token(token);
                    if (++generatedCount == stopWorkerAt && worker.Length > 0)
                        cluster.StopWorker(worker);
                    break;
                case WorkerReplaced replaced:
                    report.WorkerReplaced(replaced);
                    break;
                case SessionEnded ended:
                    return ended;
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

    /// <summary>Calls back at the first Ctrl-C or SIGTERM; a second one ends the process at once.</summary>
    private sealed class Interruption : IDisposable
    {
        private readonly List<PosixSignalRegistration> _registrations = [];
        private int _count;

        /// <summary>Of a process that was asked to end.</summary>
        public int ExitCode { get; private set; } = Hosts.ExitCode.Interrupted;

        public Interruption(Action cancel)
        {
            foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
            {
                _registrations.Add(PosixSignalRegistration.Create(signal, context =>
                {
                    context.Cancel = Interlocked.Increment(ref _count) == 1;
                    ExitCode = context.Signal == PosixSignal.SIGTERM ? Hosts.ExitCode.Terminated : Hosts.ExitCode.Interrupted;
                    cancel();
                }));
            }
        }

        public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
    }
}
