using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Json;

namespace SplitActors.Hosts.Cli;

/// <summary>What the user wants of the codec. Which settings that means is the model's calibration's to say.</summary>
internal sealed record RunCompression
{
    /// <summary>At <see cref="RateDistortionOptions.RelativeStepDefault"/>; the rise of perplexity grows with the square of the step.</summary>
    private const double DefaultRisePercent = 0.5;

    private static readonly Setting[] TabqSettings = [RunSettings.Threshold, RunSettings.Tolerance, RunSettings.BitsMax, RunSettings.BitsMin];

    private static readonly Setting[] RateDistortionSettings = [RunSettings.KarhunenLoeve, RunSettings.Prediction, RunSettings.SharePromptTokens];

    /// <summary>What a session gets where nothing is asked for.</summary>
    public static RunCompression Default { get; } = new()
    {
        Codec = FrameCodec.RateDistortion,
        Quality = null,
        QualityPlace = "",
        Tabq = null,
        Rotates = false,
        Predicts = false,
        SharesPromptTokens = false,
    };

    public required FrameCodec Codec { get; init; }

    /// <summary>Null: not asked for.</summary>
    public required QualityTarget? Quality { get; init; }

    /// <summary>Where the quality was given, for messages.</summary>
    public required string QualityPlace { get; init; }

    /// <summary>Null: none of its settings was given.</summary>
    public required TabqOptions? Tabq { get; init; }

    public required bool Rotates { get; init; }

    public required bool Predicts { get; init; }

    public required bool SharesPromptTokens { get; init; }

    /// <exception cref="UserErrorException">A value is malformed, out of its range, or belongs to another codec.</exception>
    public static RunCompression Read(SettingReader settings)
    {
        var tabq = ReadTabq(settings);
        var codec = settings.Parse<FrameCodec>(RunSettings.Compression, "rd, tabq or none", ParseCodec)
            ?? (tabq is null ? FrameCodec.RateDistortion : FrameCodec.Tabq);
        if (codec != FrameCodec.Tabq)
            RefuseAny(settings, TabqSettings, "--compression tabq", $"--compression {NameOf(codec)}");
        if (codec != FrameCodec.RateDistortion)
            RefuseAny(settings, RateDistortionSettings, "--compression rd", $"--compression {NameOf(codec)}");
        if (codec == FrameCodec.None)
            RefuseAny(settings, [RunSettings.Quality], "--compression rd or tabq", "--compression none");
        else if (tabq is not null)
            RefuseAny(settings, [RunSettings.Quality], "--compression rd, or tabq without settings", "settings of tabq");
        var predicts = settings.IsOn(RunSettings.Prediction);
        if (!predicts)
            RefuseAny(settings, [RunSettings.SharePromptTokens], "--prediction", "none");
        var qualityPlace = settings.PlaceOf(RunSettings.Quality);
        return new RunCompression
        {
            Codec = codec,
            Quality = settings.Text(RunSettings.Quality) is { } quality ? QualityTarget.Parse(quality, qualityPlace) : null,
            QualityPlace = qualityPlace,
            Tabq = tabq,
            Rotates = settings.IsOn(RunSettings.KarhunenLoeve),
            Predicts = predicts,
            SharesPromptTokens = settings.IsOn(RunSettings.SharePromptTokens),
        };
    }

    /// <summary>The settings for a model's split.</summary>
    /// <param name="calibration">Null if the split is not calibrated.</param>
    /// <exception cref="UserErrorException">The calibration lacks what was asked for.</exception>
    public CompressionOptions For(SplitCalibration? calibration) => Codec switch
    {
        FrameCodec.RateDistortion => RateDistortionFor(calibration),
        FrameCodec.Tabq => TabqFor(calibration),
        _ => CompressionOptions.Lossless,
    };

    private CompressionOptions RateDistortionFor(SplitCalibration? calibration)
    {
        var quality = Quality ?? QualityTarget.Default;
        var transform = Predicts ? RateDistortionTransform.Prediction
            : Rotates ? RateDistortionTransform.KarhunenLoeve
            : calibration is null ? RateDistortionTransform.None : RateDistortionTransform.Columns;
        if (calibration is not null && calibration.Has(transform))
            return calibration.RateDistortionFor(quality, transform) with { SharesPromptTokens = SharesPromptTokens };
        if (transform != RateDistortionTransform.None)
            throw Uncalibrated(Predicts ? "--prediction" : "--klt", calibration, Predicts ? "--prediction" : "--klt");
        var step = RateDistortionOptions.RelativeStepDefault * Math.Sqrt(quality.RisePercent / DefaultRisePercent);
        return new CompressionOptions(FrameCodec.RateDistortion, new TabqOptions()) { RateDistortion = new RateDistortionOptions((float)step), Quality = quality };
    }

    private CompressionOptions TabqFor(SplitCalibration? calibration)
    {
        if (Tabq is not null)
            return new CompressionOptions(FrameCodec.Tabq, Tabq);
        if (calibration is not null)
            return calibration.TabqFor(Quality ?? QualityTarget.Default);
        return Quality is null ? new CompressionOptions(FrameCodec.Tabq, new TabqOptions()) : throw Uncalibrated(QualityPlace, calibration, "");
    }

    private static UserErrorException Uncalibrated(string place, SplitCalibration? calibration, string option) => new(
        UserErrorKind.Options, place, $"a calibration of this model and split{(option.Length > 0 ? $" made with {option}" : "")}",
        calibration is null ? "none" : "one made without it", $"Run `{$"splitactors calibrate {option}".TrimEnd()}`, or leave {place} out.");

    /// <param name="needed">What one of these settings needs beside it.</param>
    /// <param name="found">What there is instead.</param>
    private static void RefuseAny(SettingReader settings, IEnumerable<Setting> among, string needed, string found)
    {
        foreach (var setting in among)
        {
            if (settings.Find(setting) is not var (text, place) || IsOff(text))
                continue;
            var given = IsOn(text) ? place : $"{place} '{ShownText.Of(text)}'";
            throw new UserErrorException(UserErrorKind.Options, given, $"{needed} beside it", found, "Leave one of them out.");
        }
    }

    /// <summary>As a flag is given; there is nothing to quote.</summary>
    private static bool IsOn(string text) => text is "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase);

    private static string NameOf(FrameCodec codec) => codec switch
    {
        FrameCodec.RateDistortion => "rd",
        FrameCodec.Tabq => "tabq",
        _ => "none",
    };

    /// <summary>A flag that is given to be off asks for nothing.</summary>
    private static bool IsOff(string text) => text is "0" || text.Equals("false", StringComparison.OrdinalIgnoreCase);

    private static TabqOptions? ReadTabq(SettingReader settings)
    {
        var defaults = new TabqOptions();
        var threshold = settings.Parse<Threshold>(
            RunSettings.Threshold, "a positive magnitude such as 5, a multiple of the token's RMS such as 3rms, or a quantile of its magnitudes such as q0.999", text => Threshold.TryParse(text, out var value) ? value : null);
        var tolerance = settings.Number(RunSettings.Tolerance, "a number of at least 0", value => value >= 0);
        var bitsMax = settings.Integer(RunSettings.BitsMax, TabqOptions.BitsLowest, TabqOptions.BitsHighest);
        var bitsMin = settings.Integer(RunSettings.BitsMin, TabqOptions.BitsLowest, bitsMax ?? defaults.BitsMax);
        if (threshold is null && tolerance is null && bitsMax is null && bitsMin is null)
            return null;
        var bitsMost = bitsMax ?? defaults.BitsMax;
        return new TabqOptions(threshold, tolerance ?? defaults.DistortionTolerance, bitsMost, bitsMin ?? Math.Min(defaults.BitsMin, bitsMost));
    }

    private static FrameCodec? ParseCodec(string text) => text switch
    {
        "none" => FrameCodec.None,
        "tabq" => FrameCodec.Tabq,
        "rd" => FrameCodec.RateDistortion,
        _ => null,
    };
}
