using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Threading;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors calibrate</c>: finds, for each split, the compression settings that keep a quality, and stores them with the model.</summary>
internal static class CalibrateCommand
{
    private static readonly JsonSerializerOptions JsonOptions = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static Command Create()
    {
        var command = new Command(
            "calibrate",
            $"""
            Measures on a text what compression of the hidden states costs at every split, and writes {ModelCalibration.FileName} beside the model: the settings
            that keep perplexity within 0.1%, 0.5%, 1% and 3%, and the statistics that the rate-distortion codec works with. The device and the worker need
            the same file; the model's digest does not change. Use a text that the quality will not be judged on.

            With --split, other splits of a file that is there stay, if it was made of the same model and text with the same --tokens, --klt and --prediction.
            If not, it is replaced only when all of its splits are calibrated; else nothing is done.

            Example: splitactors calibrate --model ~/models/some-llama --text sample.txt --split 4-8 --klt --prediction

            Every value can also be given as an environment variable (SPLITACTORS_TOKENS for --tokens).
            Exit codes: 0 done, 2 wrong option, 3 wrong checkpoint, 4 wrong text, 5 file not writable, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """);
        foreach (var setting in CalibrateSettings.All)
            command.Add(setting.Option);
        command.SetAction(parsed => Run(CalibrateOptions.Read(parsed)));
        return command;
    }

    private static int Run(CalibrateOptions options)
    {
        using var interruption = new Interruption();
        using var line = new LoadingLine(isEnabled: !options.Json, interruption.Token);
        try
        {
            using var model = ModelFolder.OpenRunnable(options.Model, line);
            var checkpoint = model.Checkpoint;
            using var threads = new ComputeThreads(Environment.ProcessorCount);
            var splits = options.Splits.Of(checkpoint.Config.LayerCount);
            var settings = new CalibrationOptions(splits, options.WithKarhunenLoeve, options.WithPrediction, options.TokenCountMax) { Threads = threads };
            var calibration = Calibrator.Run(checkpoint, CodecText.Read(options.Text), options.Text, options.Out, settings, line.Calibration(TimeProvider.System));
            line.Clear();
            Report(calibration, options);
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode; // the file that was begun is gone
        }
    }

    private static void Report(ModelCalibration calibration, CalibrateOptions options)
    {
        if (options.Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(ToJson(calibration), JsonOptions));
            return;
        }

        var table = new Table().Border(TableBorder.Simple).AddColumns("split", "quality", "codec", "setting", "rise here", "elsewhere");
        foreach (var split in calibration.Splits)
        {
            foreach (var step in split.Steps)
            {
                table.AddRow(
                    $"{split.SplitLayer}", $"{step.Quality}", $"rd, {step.RateDistortion.Transform.Name()}",
                    Invariant($"{step.RateDistortion.RelativeStep:F3}rms"), Rise(step.RisePercent, step.StandardErrorPercent), Elsewhere(step.ElsewherePercent, step.KeepsQuality));
            }

            foreach (var setting in split.Tabq)
            {
                table.AddRow(
                    $"{split.SplitLayer}", $"{setting.Quality}", "tabq", Invariant($"{setting.Tabq.Threshold}:{setting.Tabq.BitsMax}"),
                    Rise(setting.RisePercent, setting.StandardErrorPercent), Elsewhere(setting.ElsewherePercent, setting.KeepsQuality));
            }
        }

        Terminal.Output.Write(table);
        if (calibration.Splits.Any(split => split.Steps.Any(step => !step.KeepsQuality) || split.Tabq.Any(setting => !setting.KeepsQuality)))
            Console.Out.WriteLine("! No setting keeps this quality: the finest is stored.");
        Terminal.Output.WriteFacts(
        [
            ("file", $"{calibration.Path}, {new FileInfo(calibration.Path).Length >> 10} KiB"),
            ("id", $"{calibration.Id:x16}"),
            ("text", $"{calibration.Summary.StatisticsTokens} tokens for statistics, {calibration.Summary.QualityTokens} for quality"),
        ]);
    }

    private static object ToJson(ModelCalibration calibration) => new
    {
        calibration.Path,
        Id = $"{calibration.Id:x16}",
        calibration.Summary.ModelDigest,
        calibration.Summary.TextDigest,
        calibration.Summary.StatisticsTokens,
        calibration.Summary.QualityTokens,
        Splits = calibration.Splits.Select(split => new
        {
            split.SplitLayer,
            RateDistortion = split.Steps.Select(step => new
            {
                Quality = $"{step.Quality}",
                Transform = step.RateDistortion.Transform.Name(),
                step.RateDistortion.RelativeStep,
                step.RisePercent,
                step.StandardErrorPercent,
                step.ElsewherePercent,
                step.KeepsQuality,
            }),
            Tabq = split.Tabq.Select(setting => new
            {
                Quality = $"{setting.Quality}",
                Threshold = $"{setting.Tabq.Threshold}",
                setting.Tabq.DistortionTolerance,
                setting.Tabq.BitsMin,
                setting.Tabq.BitsMax,
                setting.RisePercent,
                setting.StandardErrorPercent,
                setting.ElsewherePercent,
                setting.KeepsQuality,
                setting.BytesPerToken,
            }),
        }),
    };

    private static string Rise(double percent, double error) => Invariant($"{percent:F2} ± {error:F2} %");

    private static string Elsewhere(double percent, bool keepsQuality) => Invariant($"{percent:F2} %{(keepsQuality ? "" : " !")}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
