using System.CommandLine;
using Akka.Actor;
using SplitActors.Actors.Edge;
using SplitActors.Hosts.Serving;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression.RateDistortion;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary><c>splitactors edge "prompt"</c>: a device of a cluster; text to stdout, the ledger to stderr, as with <c>run</c>.</summary>
internal static class EdgeCommand
{
    public const string Name = "edge";

    public static Command Create()
    {
        var command = NodeCommand.Create(
            Name,
            """
            Continues a text as a device of a cluster: the first layers, as many as the scheduler says, run here, the rest on a worker. A worker or a
            scheduler that is lost costs time, and no token.

            Example: splitactors edge "Once upon a time" --max-tokens 200, where `splitactors cloud` runs
            """,
            exitCodes: "0 done, 1 failed, 2 wrong option, 3 wrong checkpoint, 4 wrong prompt, 5 output not writable, 6 no plan keeps the limits, 7 no cluster answers, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated",
            EdgeRole.Settings,
            RunAsync);
        command.Add(RunSettings.Prompt);
        return command;
    }

    private static async Task<int> RunAsync(SettingReader settings, ParseResult parsed)
    {
        var role = EdgeRole.Read(settings, parsed);
        var way = EdgeWay.Read(settings);
        var prompt = PromptReader.Read(role.Prompt);
        using var interruption = new Interruption();
        using var loading = new LoadingLine(isEnabled: !role.Quiet && !role.Json, interruption.Token, warns: !role.Quiet);
        try
        {
            return await RunAsync(role, way, prompt, loading, interruption);
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode; // before it began
        }
    }

    private static async Task<int> RunAsync(EdgeRole role, EdgeWay way, string prompt, LoadingLine loading, Interruption interruption)
    {
        using var opened = ModelFolder.OpenRunnable(role.Model, loading);
        var (checkpoint, tokenizer, defaults) = opened;
        var calibration = ModelCalibration.TryOpen(checkpoint);
        var predicts = calibration?.Splits.Any(split => split.Has(RateDistortionTransform.Prediction)) == true;
        var generation = new Generation(PromptReader.Encode(prompt, tokenizer, checkpoint.Config), role.Sampling(defaults), role.MaxTokens);
        var serving = role.Serving with { Profile = role.Profile(checkpoint, calibration, loading, interruption.Token) };

        var model = new ServedModel(checkpoint, calibration, predicts);
        await using var runtime = new NodeRuntime(serving.ThreadCount, TimeProvider.System, Warn);
        await using var cloud = await way.ConnectAsync(runtime, model, role.Patience, interruption.Token);
        var device = new DeviceHost(runtime, model, serving, cloud.Names, cloud.Scheduler);
        var id = SessionFollower.NewId();
        var (events, session) = device.StartSession(id, $"edge/{cloud.Device}/{id}", generation, _ => { }, loading.Layers("device"));
        using var cancelling = interruption.Token.Register(() => session.Tell(new CancelSession()));

        IRunReport report = role.Json
            ? new JsonReport(Console.Out, tokenizer, checkpoint.Config, generation.Prompt.Count, serving.Deadline)
            : new TextReport(Console.Out, tokenizer, checkpoint.Config, generation.Prompt.Count, prompt, loading, serving.Deadline, role.Quiet);
        var (ended, _) = await SessionFollower.FollowAsync(events, report);
        report.End(ended, link: null);
        return SessionFollower.ExitCodeOf(ended, interruption);

        void Warn(string message)
        {
            if (!role.Quiet)
                Console.Error.WriteLine($"splitactors: {message}");
        }
    }
}
