using System.Globalization;
using SplitActors.Inference;
using SplitActors.Inference.Compression;
using SplitActors.Inference.Evaluation.Codecs;

namespace SplitActors.Hosts.Cli;

/// <summary>The codecs that <c>--codec</c> names.</summary>
internal static class CodecSelection
{
    private const string NoThreshold = "none";

    private static readonly string[] Families = [.. CodecCatalog.Baselines.Select(codec => codec.Name), CodecCatalog.TabqFamily];

    /// <exception cref="UserErrorException">There is no such codec, or a value of its settings is out of its range.</exception>
    public static IReadOnlyList<CodecChoice> Read(SettingReader settings, Threshold[] thresholdsDefault)
    {
        var (text, place) = settings.Find(CodecMeasureSettings.Codec) ?? ("all", "--codec");
        var names = text == "all" ? Families : List(text);
        CodecChoice[] codecs = [.. names.SelectMany(name => Named(name, place, settings, thresholdsDefault)).DistinctBy(codec => codec.Name, StringComparer.Ordinal)];
        return codecs.Length > 0 ? codecs : throw Wrong(place, text);
    }

    /// <summary>What commas separate.</summary>
    public static string[] List(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<CodecChoice> Named(string name, string place, SettingReader settings, Threshold[] thresholdsDefault)
    {
        if (name == CodecCatalog.TabqFamily)
            return Grid(settings, thresholdsDefault);
        if (CodecCatalog.Baselines.FirstOrDefault(codec => codec.Name == name) is { } baseline)
            return [baseline];
        return name.Split(':') switch
        {
            [CodecCatalog.TabqFamily, var threshold, var bits] => [Tabq(ParseThreshold(threshold, place), ParseBits(bits, place), 0)],
            [CodecCatalog.TabqFamily, var threshold, var bits, var tolerance] =>
                [Tabq(ParseThreshold(threshold, place), ParseBits(bits, place), ParseTolerance(tolerance, place))],
            _ => throw Wrong(place, name),
        };
    }

    private static IEnumerable<CodecChoice> Grid(SettingReader settings, Threshold[] thresholdsDefault) =>
        from threshold in Values(settings, CodecMeasureSettings.Threshold, ParseThreshold) ?? thresholdsDefault
        from bits in Values(settings, CodecMeasureSettings.Bits, ParseBits) ?? [(4, 4), (5, 5), (4, 5)]
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
        SettingReader.Wrong(place, $"{string.Join(", ", Families)}, tabq:τ:bits:Δ, or all", found);
}
