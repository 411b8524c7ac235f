using System.CommandLine;
using System.Globalization;
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

    /// <summary>Null: all.</summary>
    public required IReadOnlyList<int>? SplitLayers { get; init; }

    /// <summary>Where the splits were given, for messages.</summary>
    public required string SplitPlace { get; init; }

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
            SplitLayers = settings.Find(CodecMeasureSettings.Split) is var (splits, splitPlace) && splits != "all" ? ParseSplits(splits, splitPlace) : null,
            SplitPlace = settings.PlaceOf(CodecMeasureSettings.Split),
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

    /// <summary>The splits to measure.</summary>
    /// <exception cref="UserErrorException">The model has no such split.</exception>
    public IReadOnlyList<int> SplitsOf(int layerCount)
    {
        if (layerCount < 2)
            throw new UserErrorException(UserErrorKind.Options, "--model", "a model of at least two layers, to be split between them", $"{layerCount}", "Name another model.");
        var splits = SplitLayers ?? [.. Enumerable.Range(1, layerCount - 1)];
        foreach (var split in splits)
        {
            if (split < 1 || split >= layerCount)
                throw SettingReader.Wrong(SplitPlace, $"splits from 1 to {layerCount - 1}", $"{split}");
        }

        return splits;
    }

    /// <summary>Numbers and ranges of them.</summary>
    private static int[] ParseSplits(string text, string place)
    {
        var splits = new List<int>();
        foreach (var part in CodecSelection.List(text))
        {
            int?[] ends = [.. part.Split('-').Select(end => int.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : (int?)null)];
            if (ends.Length > 2 || ends[0] is not { } first || ends[^1] is not { } last || last < first || last > ushort.MaxValue)
                throw SettingReader.Wrong(place, "all, or splits such as 1,4 or 1-3", text);
            splits.AddRange(Enumerable.Range(first, last - first + 1));
        }

        return splits.Count > 0 ? [.. splits] : throw SettingReader.Wrong(place, "all, or splits such as 1,4 or 1-3", text);
    }
}
