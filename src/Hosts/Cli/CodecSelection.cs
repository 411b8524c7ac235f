using System.Globalization;
using SplitActors.Inference;
using SplitActors.Inference.Calibration;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Compression.RateDistortion;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Hosts.Cli;

/// <summary>The codecs that <c>--codec</c> names. Which settings those of the rate–distortion codec have, the model's calibration tells.</summary>
internal sealed class CodecSelection
{
    private const string NoThreshold = "none";

    private static readonly float[] UncalibratedSteps = [0.2f, 0.3f, 0.42f, 0.6f];
    private static readonly QualityTarget[] Qualities = [QualityTarget.Default, new(1)];

    private static readonly RateDistortionTransform[] Transforms =
        [RateDistortionTransform.Columns, RateDistortionTransform.KarhunenLoeve, RateDistortionTransform.Prediction];

    private static readonly string[] Families =
        [.. CodecCatalog.Baselines.Select(codec => codec.Name), CodecCatalog.TabqFamily, .. Transforms.Select(CodecCatalog.FamilyOf)];

    private readonly IReadOnlyList<Func<ModelCalibration?, IReadOnlyList<int>, IEnumerable<CodecChoice>>> _named;
    private readonly string _text;
    private readonly string _place;

    private CodecSelection(IReadOnlyList<Func<ModelCalibration?, IReadOnlyList<int>, IEnumerable<CodecChoice>>> named, string text, string place) =>
        (_named, _text, _place) = (named, text, place);

    /// <exception cref="UserErrorException">There is no such codec, or a value of its settings is out of its range.</exception>
    public static CodecSelection Read(SettingReader settings, Threshold[] thresholdsDefault, (int Min, int Max)[] bitsDefault)
    {
        var (text, place) = settings.Find(CodecMeasureSettings.Codec) ?? ("all", "--codec");
        var isAll = text == "all";
        var names = isAll ? Families : List(text);
        return names.Length > 0
            ? new CodecSelection([.. names.Select(name => Named(name, isAll, place, settings, thresholdsDefault, bitsDefault))], text, place)
            : throw Wrong(place, text);
    }

    /// <summary>What commas separate.</summary>
    public static string[] List(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <param name="calibration">Of the model, if it has one.</param>
    /// <param name="splits">To be measured.</param>
    /// <exception cref="UserErrorException">A codec needs a calibration of these splits.</exception>
    public IReadOnlyList<CodecChoice> For(ModelCalibration? calibration, IReadOnlyList<int> splits)
    {
        CodecChoice[] codecs = [.. _named.SelectMany(named => named(calibration, splits)).DistinctBy(codec => codec.Name, StringComparer.Ordinal)];
        return codecs.Length > 0 ? codecs : throw Wrong(_place, _text);
    }

    private static Func<ModelCalibration?, IReadOnlyList<int>, IEnumerable<CodecChoice>> Named(
        string name, bool isAll, string place, SettingReader settings, Threshold[] thresholdsDefault, (int Min, int Max)[] bitsDefault)
    {
        CodecChoice[]? fixedChoices =
            name == CodecCatalog.TabqFamily ? [.. Grid(settings, thresholdsDefault, bitsDefault)]
            : CodecCatalog.Baselines.FirstOrDefault(codec => codec.Name == name) is { } baseline ? [baseline]
            : null;
        if (fixedChoices is not null)
            return (_, _) => fixedChoices;
        var family = name.Split(':')[0];
        if (Transforms.Any(transform => CodecCatalog.FamilyOf(transform) == family))
            return RateDistortion(family, name[family.Length..].TrimStart(':'), isAll, place);
        CodecChoice tabq = name.Split(':') switch
        {
            [CodecCatalog.TabqFamily, var threshold, var bits] => Tabq(ParseThreshold(threshold, place), ParseBits(bits, place), 0),
            [CodecCatalog.TabqFamily, var threshold, var bits, var tolerance] => Tabq(ParseThreshold(threshold, place), ParseBits(bits, place), ParseTolerance(tolerance, place)),
            _ => throw Wrong(place, name),
        };
        return (_, _) => [tabq];
    }

    /// <summary>At a quality or a step; without either at some of what the calibration holds, or, without one, at some steps.</summary>
    private static Func<ModelCalibration?, IReadOnlyList<int>, IEnumerable<CodecChoice>> RateDistortion(string family, string setting, bool isAll, string place)
    {
        var transform = Transforms.First(transform => CodecCatalog.FamilyOf(transform) == family);
        var step = float.TryParse(setting, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : (float?)null;
        if (step is not (null or (>= RateDistortionOptions.RelativeStepMin and <= RateDistortionOptions.RelativeStepMax)))
        {
            var range = FormattableString.Invariant($"a step from {RateDistortionOptions.RelativeStepMin} to {RateDistortionOptions.RelativeStepMax}");
            throw SettingReader.Wrong(place, range, $"{family}:{setting}");
        }

        if (step is not null && transform == RateDistortionTransform.Columns)
        {
            var choice = CodecCatalog.RateDistortion(new RateDistortionOptions(step.Value));
            return (_, _) => [choice];
        }

        QualityTarget[] qualities = step is not null ? [] : setting.Length > 0 ? [QualityTarget.Parse(setting, place)] : Qualities;
        return (calibration, splits) =>
        {
            if (calibration is not null && splits.Count > 0 && splits.All(split => calibration.For(split)?.Has(transform) == true))
            {
                return step is not null
                    ? [CodecCatalog.RateDistortion(calibration, new RateDistortionOptions(step.Value, transform))]
                    : qualities.Select(quality => CodecCatalog.RateDistortion(calibration, transform, quality));
            }

            if (setting.Length == 0 && transform == RateDistortionTransform.Columns)
                return UncalibratedSteps.Select(relative => CodecCatalog.RateDistortion(new RateDistortionOptions(relative)));
            return isAll ? [] : throw new UserErrorException(
                UserErrorKind.Options, place, $"a codec that the model is calibrated for at all splits that are measured", $"'{family}'",
                "Run `splitactors calibrate`, with --klt or --prediction if the codec has them, or measure other splits.");
        };
    }

    private static IEnumerable<CodecChoice> Grid(SettingReader settings, Threshold[] thresholdsDefault, (int Min, int Max)[] bitsDefault) =>
        from threshold in Values(settings, CodecMeasureSettings.Threshold, ParseThreshold) ?? thresholdsDefault
        from bits in Values(settings, CodecMeasureSettings.Bits, ParseBits) ?? bitsDefault
        from tolerance in bits.Min == bits.Max ? [0] : Values(settings, CodecMeasureSettings.Tolerance, ParseTolerance) ?? [0.05, 0.11, 0.2]
        select Tabq(threshold, bits, tolerance);

    private static CodecChoice Tabq(Threshold threshold, (int Min, int Max) bits, double tolerance) =>
        CodecCatalog.Tabq(new TabqOptions(threshold, tolerance, bits.Max, bits.Min));

    private static T[]? Values<T>(SettingReader settings, Setting setting, Func<string, string, T> parse) =>
        settings.Find(setting) is var (text, place) ? [.. List(text).Select(value => parse(value, place))] : null;

    private static Threshold ParseThreshold(string text, string place) => text == NoThreshold ? CodecCatalog.NoThreshold : Threshold.Parse(text, place);

    private static double ParseTolerance(string text, string place) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && double.IsFinite(value)
            ? value
            : throw SettingReader.Wrong(place, "a finite value of at least 0", text);

    private static (int Min, int Max) ParseBits(string text, string place)
    {
        int[] bits = [.. text.Split('-').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0)];
        return bits.Length <= 2 && bits[0] >= TabqOptions.BitsLowest && bits[^1] <= TabqOptions.BitsHighest && bits[0] <= bits[^1]
            ? (bits[0], bits[^1])
            : throw SettingReader.Wrong(place, $"{TabqOptions.BitsLowest} to {TabqOptions.BitsHighest} bits such as 4, or a range such as 4-5", text);
    }

    private static UserErrorException Wrong(string place, string found) =>
        SettingReader.Wrong(place, $"{string.Join(", ", Families)}, tabq:τ:bits:Δ, rd:quality, rd:step, or all", found);
}
