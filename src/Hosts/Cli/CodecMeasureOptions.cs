using System.CommandLine;
using SplitActors.Inference;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Hosts.Cli;

/// <summary>What <c>splitactors codec measure</c> is asked to do.</summary>
internal sealed record CodecMeasureOptions
{
    private const int TokensMax = 1 << 28;
    private const int SyntheticTokensMax = 1 << 20;
    private const int SyntheticTokens = 1024;
    private const int SyntheticWidth = 4096; // of the model of the paper's figure 4
    private const string HeavyTailed = "heavy-tailed";

    public required string Model { get; init; }

    /// <summary>Null only with <see cref="IsSynthetic"/>.</summary>
    public required string? Text { get; init; }

    /// <summary>Null: all; never with <see cref="IsSynthetic"/>.</summary>
    public required int? TokenCount { get; init; }

    public required SplitSelection Splits { get; init; }

    public required CodecSelection Codecs { get; init; }

    public required int ThreadCount { get; init; }

    public required string? Plot { get; init; }

    public required string? SaveFrames { get; init; }

    public required bool IsSynthetic { get; init; }

    public required int Width { get; init; }

    public required ulong Seed { get; init; }

    public required bool Json { get; init; }

    /// <exception cref="UserErrorException">A value is malformed or out of its range, or values contradict each other.</exception>
    public static CodecMeasureOptions Read(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var isSynthetic = settings.Find(CodecMeasureSettings.Synthetic) switch
        {
            null => false,
            (HeavyTailed, _) => true,
            var (text, place) => throw SettingReader.Wrong(place, HeavyTailed, text),
        };
        foreach (var setting in isSynthetic ? CodecMeasureSettings.OfModels : CodecMeasureSettings.OfStates)
        {
            // The environment may hold a model for other commands.
            if (setting.ArgumentIn(parsed) is { } argument)
                throw SettingReader.Wrong($"--{setting.Name}", isSynthetic ? "nothing beside --synthetic, which has no model" : "nothing without --synthetic, which it is for", argument);
        }

        // The paper states τ = 5, a magnitude: of the made-up states, unlike a model's, the scale is known.
        Threshold[] thresholds = isSynthetic
            ? [CodecCatalog.NoThreshold, Threshold.Absolute(5), Threshold.RelativeToRms(3), TabqOptions.DefaultThreshold]
            : [Threshold.RelativeToRms(3), Threshold.RelativeToRms(4), TabqOptions.DefaultThreshold];
        (int, int)[] bits = isSynthetic ? [(3, 3), (4, 4), (5, 5), (8, 8)] : [(4, 4), (5, 5), (4, 5)];
        return new CodecMeasureOptions
        {
            Model = settings.Text(CodecMeasureSettings.Model) ?? EmbeddedModel.Folder,
            Text = isSynthetic ? null : settings.Text(CodecMeasureSettings.Text) ?? throw new UserErrorException(
                UserErrorKind.Options, "--text", "a text file to measure with", "nothing", "Name one that the model has not been trained on, or take --synthetic heavy-tailed."),
            TokenCount = settings.Integer(CodecMeasureSettings.Tokens, 1, isSynthetic ? SyntheticTokensMax : TokensMax) ?? (isSynthetic ? SyntheticTokens : null),
            Splits = SplitSelection.Read(settings, CodecMeasureSettings.Split),
            Codecs = CodecSelection.Read(settings, thresholds, bits),
            ThreadCount = settings.Integer(CodecMeasureSettings.Threads, 1, Environment.ProcessorCount) ?? Environment.ProcessorCount,
            Plot = settings.Text(CodecMeasureSettings.Plot),
            SaveFrames = settings.Text(CodecMeasureSettings.SaveFrames),
            IsSynthetic = isSynthetic,
            Width = settings.Integer(CodecMeasureSettings.Width, 1, FrameLimits.WidthMax) ?? SyntheticWidth,
            Seed = settings.Unsigned(CodecMeasureSettings.Seed) ?? 0,
            Json = settings.IsOn(CodecMeasureSettings.Json),
        };
    }
}
