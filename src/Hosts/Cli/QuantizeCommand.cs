using System.CommandLine;
using System.Text.Json;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Quantization;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors quantize</c>: an OPSC package of a checkpoint, whose front and back are separate files.</summary>
internal static class QuantizeCommand
{
    private static readonly JsonSerializerOptions JsonOptions = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static Command Create()
    {
        var command = new Command(
            "quantize",
            """
            Writes an OPSC package of a model: the layers before the split at few bits per weight, for the device, the others at more, for the worker.
            A device needs model-front.safetensors and the small files only. The weights pass through a buffer: any model will do.

            Example: splitactors quantize --model ~/models/some-llama --out ~/models/some-llama-opsc --split 8 --front-bits 4 --back-bits 8

            Every value can also be given as an environment variable (SPLITACTORS_FRONT_BITS for --front-bits).
            Exit codes: 0 done, 2 wrong option, 3 wrong checkpoint, 5 folder not empty or not writable, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """);
        foreach (var setting in QuantizeSettings.All)
            command.Add(setting.Option);
        command.SetAction(parsed => Run(QuantizeOptions.Read(parsed)));
        return command;
    }

    private static int Run(QuantizeOptions options)
    {
        using var interruption = new Interruption();
        using var loading = new LoadingLine(isEnabled: !options.Json, interruption.Token);
        try
        {
            using var model = ModelFolder.OpenRunnable(options.Model, loading);
            var source = model.Checkpoint;
            ModelCalibration.TryOpen(source); // which the package will have too
            using var threads = new ComputeThreads(Environment.ProcessorCount);
            OpscPackage.Write(source, options.For(source.Config.LayerCount), options.Out, loading.Package(TimeProvider.System), threads);
            loading.Clear();
            Report(source.FileBytes, options);
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode; // what was written is removed
        }
    }

    private static void Report(long sourceBytes, QuantizeOptions options)
    {
        using var package = Checkpoint.Open(options.Out);
        var summary = CheckpointSummary.Of(package);
        if (options.Json)
            Console.Out.WriteLine(JsonSerializer.Serialize(ToJson(package, summary, sourceBytes), JsonOptions));
        else
            Terminal.Output.WriteFacts([.. Facts(package, summary, sourceBytes)]);
    }

    private static IEnumerable<(string Name, string Value)> Facts(Checkpoint package, CheckpointSummary summary, long sourceBytes)
    {
        yield return ("package", package.Folder);
        yield return ("digest", summary.Digest.Short);
        foreach (var part in summary.Parts)
            yield return (part.Name, $"{part.LayerCount} layers, {part.Weights}: {Mebibytes(part.WeightBytes)} MiB in {part.FileName}");
        yield return ("size", $"{Mebibytes(summary.FileBytes)} MiB, {(double)summary.FileBytes / sourceBytes:P0} of {Mebibytes(sourceBytes)} MiB");
        yield return ("next", $"splitactors run \"Once upon a time\" --model {Quoted(package.Folder)} --split {package.Quantization!.SplitLayer}");
    }

    private static object ToJson(Checkpoint package, CheckpointSummary summary, long sourceBytes) => new
    {
        package.Folder,
        Digest = summary.Digest.Hex,
        package.Quantization!.SplitLayer,
        SourceBytes = sourceBytes,
        summary.FileBytes,
        Parts = summary.Parts.Select(ModelCommand.ToJson),
    };

    /// <summary>As a shell takes it.</summary>
    private static string Quoted(string path) => path.Any(char.IsWhiteSpace) ? $"'{path}'" : path;

    private static string Mebibytes(long bytes) => $"{bytes / (double)(1 << 20):F2}";
}
