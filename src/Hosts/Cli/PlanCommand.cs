using System.CommandLine;
using SplitActors.Actors.Edge;
using SplitActors.Hosts.Planning;
using SplitActors.Inference.KvCaching;
using SplitActors.Inference.Planning.Memory;
using SplitActors.Inference.Planning.Selection;
using SplitActors.Inference.Quantization;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors plan</c>: where to split a model, with how many bits, and what that will be like.</summary>
internal static class PlanCommand
{
    /// <summary>Of a device's pass through a prompt: <see cref="EdgeOptions.ChunkTokensMax"/>.</summary>
    private const int ChunkRows = 64;

    public static Command Create()
    {
        var command = new Command(
            "plan",
            """
            Chooses layers and bits for the device: of all that keep memory, accuracy and deadline the one with the most activation bits, then the least time
            per token; and says "do not split" where the device or the worker alone is as fast. Times are predicted from measured profiles or data sheets.

            Example: splitactors plan --shape llama-8b --device-profile laptop --device-memory 4GB --worker-profile server --worker-batch 64 --link lan
            A laptop with little memory shares a busy server. A small device beside a fast server is told not to split:
            splitactors plan --shape llama-1b --device-memory 512MB --device-profile pi5 --link rayleigh:bw=10MHz,snr=10 --deadline 200ms/token

            Every value can also be given as an environment variable (SPLITACTORS_DEVICE_MEMORY for --device-memory).
            Exit codes: 0 there is a plan, 6 no plan keeps the limits, 2 wrong option, 3 wrong checkpoint, 4 wrong text, 5 output not writable, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """);
        foreach (var setting in PlanSettings.Every)
            command.Add(setting.Option);
        command.SetAction(parsed => Run(PlanOptions.Read(parsed)));
        return command;
    }

    private static int Run(PlanOptions options)
    {
        using var interruption = new Interruption();
        using var loading = new LoadingLine(isEnabled: !options.Json, interruption.Token);
        try
        {
            using var model = PlanModel.Open(options, loading);
            var report = Decide(options, model, loading, interruption.Token);
            loading.Clear();
            if (options.Plot is not null)
                CodecOutput.Write(options.Plot, PlanPlot.Draw(report));
            if (options.Json)
                Console.Out.WriteLine(PlanJson.Write(report));
            else
                report.Print(Terminal.Output, options.ListsAll);
            return report.Plan.Choice is null ? ExitCode.Infeasible : ExitCode.Success;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private static PlanReport Decide(PlanOptions options, PlanModel model, LoadingLine loading, CancellationToken cancellation)
    {
        var config = model.Config;
        var (tokenCountMax, promptTokens) = options.TokensFor(config.ContextLength);
        using var accuracy = PlanAccuracy.Open(options, model, loading);
        var middle = model.Calibration?.For(Math.Max(1, config.LayerCount / 2));
        var sizes = HiddenStateSizes.Of(config.LayerCount, config.HiddenSize, model.Calibration, accuracy.Expected, accuracy.OptionsFor);
        var isOneMachine = options is { DeviceProfile.Text: ProfileSource.Measure, WorkerProfile.Text: ProfileSource.Measure }; // measured once: it is as fast as itself
        var deviceSource = isOneMachine
            ? Source([.. options.FrontWeights.Append(options.WorkerWeights).Distinct()], [.. options.FrontKv.Append(options.WorkerKv).Distinct()])
            : Source(options.FrontWeights, options.FrontKv);
        var device = deviceSource.Find(options.DeviceProfile.Text, options.DeviceProfile.Place, TimeProvider.System, cancellation);
        var worker = isOneMachine
            ? device
            : Source([options.WorkerWeights], [options.WorkerKv]).Find(options.WorkerProfile.Text, options.WorkerProfile.Place, TimeProvider.System, cancellation);
        var problem = new PlanningProblem
        {
            Config = config,
            DeviceLoad = new DeviceLoad
            {
                TokenCountMax = tokenCountMax,
                ChunkRows = ChunkRows,
                ThreadCount = device.ThreadCount,
                ReplayBytesPerToken = sizes.Traffic.HiddenStateBytes.DefaultIfEmpty(0).Max(),
                Stored = model.Stored,
            },
            Device = device.Profile,
            Worker = new WorkerSituation(worker.Profile, options.WorkerWeights, options.WorkerKv, options.WorkerBatch, options.WorkerQueueSeconds),
            Uplink = options.Link.Profile.Up,
            Downlink = options.Link.Profile.Down,
            Traffic = sizes.Traffic,
            PromptTokens = promptTokens,
            FrontWeights = options.FrontWeights,
            FrontKv = options.FrontKv,
            MemoryBytesMax = options.MemoryBytesMax,
            PerplexityRiseMax = options.PerplexityRiseMax ?? (accuracy.IsMeasured ? PlanAccuracy.PerplexityRiseMaxDefault : double.PositiveInfinity),
            DeadlineSeconds = options.DeadlineSeconds,
        };
        return new PlanReport(model.Name, problem, accuracy.Decide(problem), device, worker, options.Link, sizes, accuracy.Description, accuracy.Verification);

        ProfileSource Source(IReadOnlyCollection<WeightFormat> weights, IReadOnlyCollection<KvFormat> keyValues) => new()
        {
            Config = config,
            Weights = weights,
            KeyValues = keyValues,
            Stored = model.Stored,
            Compression = (accuracy.OptionsFor(middle), middle),
            CacheFolder = options.CacheFolder,
            Refresh = options.Refresh,
            ThreadCount = options.ThreadCount,
            Measuring = loading.Machine,
        };
    }
}
