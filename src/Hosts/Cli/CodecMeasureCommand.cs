using System.CommandLine;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Checkpoints;
using SplitActors.Inference.Evaluation.Codecs;
using SplitActors.Inference.Threading;
using SplitActors.Inference.Tokenization;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors codec measure</c>: bytes, quality and time of codecs at the splits of a model.</summary>
internal static class CodecMeasureCommand
{
    public static Command Create()
    {
        var command = new Command(
            "measure",
            """
            Sends the hidden states of a text through codecs at every split of a model, and prints what each saves in bytes and costs in perplexity and time.
            Columns are explained in docs/cli.md. With --synthetic it sends made-up states, which no model limits in width or outliers.

            Example: splitactors codec measure --text book.txt --tokens 5000 --split 4 --codec fp16,q80,int4-g32,tabq --plot codecs.svg
            Example: splitactors codec measure --synthetic heavy-tailed --tokens 256 --codec int8-token,tabq --threshold none,5 --bits 4,8

            Every value can also be given as an environment variable (SPLITACTORS_TOKENS for --tokens).
            Exit codes: 0 done, 1 failed, 2 wrong option, 3 wrong checkpoint, 4 wrong text, 5 output not writable, 129 terminal closed, 130 interrupted, 141 reader gone, 143 terminated.
            """);
        foreach (var setting in CodecMeasureSettings.All)
            command.Add(setting.Option);
        command.SetAction(parsed => Run(CodecMeasureOptions.Read(parsed), TimeProvider.System));
        return command;
    }

    private static int Run(CodecMeasureOptions options, TimeProvider clock)
    {
        using var interruption = new Interruption();
        using var loading = new LoadingLine(isEnabled: !options.Json, interruption.Token);
        try
        {
            if (options.IsSynthetic)
                MeasureStates(options, loading, clock);
            else
                MeasureModel(options, loading, clock);
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode; // codecs of different texts are no comparison
        }
    }

    private static void MeasureModel(CodecMeasureOptions options, LoadingLine loading, TimeProvider clock)
    {
        using var checkpoint = ModelFolder.Open(options.Model, loading);
        var splits = options.Splits.Of(checkpoint.Config.LayerCount);
        if (options.Plot is { } plot)
            CodecOutput.CheckPlace(plot);
        var text = Tokens(options, checkpoint);
        if (options.SaveFrames is { } folder)
            CodecOutput.CreateFolder(folder);
        var codecs = options.Codecs.For(ModelCalibration.TryOpen(checkpoint), splits);
        using var threads = new ComputeThreads(options.ThreadCount);
        using var evaluation = new CodecEvaluation(checkpoint, splits, codecs, clock, threads, loading.Layers("model"));
        var (uncompressed, measurements) = evaluation.Run(text, loading.Measurement(clock));
        loading.Clear();

        var report = new CodecMeasureReport(checkpoint.Folder, uncompressed, measurements);
        if (options.SaveFrames is not null)
            CodecOutput.SaveFrames(options.SaveFrames, measurements);
        if (options.Plot is not null)
            CodecOutput.Write(options.Plot, CodecPlot.Draw(report));
        if (options.Json)
            Console.Out.WriteLine(report.ToJson());
        else
            report.Print(Terminal.Output);
    }

    private static void MeasureStates(CodecMeasureOptions options, LoadingLine loading, TimeProvider clock)
    {
        var state = new HeavyTailedState(options.Seed, options.Width);
        var tokenCount = options.TokenCount!.Value;
        var measurements = StateEvaluation.Run(state, tokenCount, options.Codecs.For(calibration: null, splits: []), clock, loading.Measurement(clock));
        loading.Clear();
        var report = new CodecStateReport(state, tokenCount, measurements);
        if (options.Json)
            Console.Out.WriteLine(report.ToJson());
        else
            report.Print(Terminal.Output);
    }

    private static ReadOnlyMemory<int> Tokens(CodecMeasureOptions options, Checkpoint checkpoint)
    {
        var tokens = Tokenizer.Load(checkpoint).Encode(CodecText.Read(options.Text!), addSpecialTokens: false, parseSpecialTokens: false);
        var tokensMin = checkpoint.Config.BosTokenId is null ? 2 : 1;
        if (tokens.Length < tokensMin)
            throw new UserErrorException(UserErrorKind.Prompt, options.Text!, "a text with tokens to predict", $"{tokens.Length} tokens", "Name a longer text.");
        return tokens.AsMemory(0, Math.Min(tokens.Length, Math.Max(tokensMin, options.TokenCount ?? int.MaxValue)));
    }
}
