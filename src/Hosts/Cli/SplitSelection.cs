using System.Globalization;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>Splits of a model with layers on both sides, as <c>--split</c> names them.</summary>
internal sealed class SplitSelection
{
    private const string Expected = "all, or splits such as 1,4 or 2-5";

    private readonly IReadOnlyList<int>? _layers; // null: all
    private readonly string _place;

    private SplitSelection(IReadOnlyList<int>? layers, string place) => (_layers, _place) = (layers, place);

    /// <summary><c>all</c>, which is the default, or numbers of layers in the front and ranges of them, with commas between.</summary>
    /// <exception cref="UserErrorException">It is neither.</exception>
    public static SplitSelection Read(SettingReader settings, Setting setting) =>
        settings.Find(setting) is var (text, place) && text != "all"
            ? new SplitSelection(Parse(text, place), place)
            : new SplitSelection(layers: null, settings.PlaceOf(setting));

    /// <summary>Each once, ascending.</summary>
    /// <exception cref="UserErrorException">The model has no such split, or none at all.</exception>
    public IReadOnlyList<int> Of(int layerCount)
    {
        if (layerCount < 2)
            throw new UserErrorException(UserErrorKind.Options, "--model", "a model with at least 2 layers, to be split between them", $"{layerCount}", "Name another model.");
        var layers = _layers ?? [.. Enumerable.Range(1, layerCount - 1)];
        foreach (var layer in layers)
        {
            if (layer < 1 || layer >= layerCount)
                throw SettingReader.Wrong(_place, $"splits from 1 to {layerCount - 1}", $"{layer}");
        }

        return layers;
    }

    private static int[] Parse(string text, string place)
    {
        var layers = new SortedSet<int>();
        foreach (var part in CodecSelection.List(text))
        {
            int?[] ends = [.. part.Split('-').Select(end => int.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : (int?)null)];
            if (ends.Length > 2 || ends[0] is not { } first || ends[^1] is not { } last || last < first || last > ushort.MaxValue)
                throw SettingReader.Wrong(place, Expected, text);
            layers.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return layers.Count > 0 ? [.. layers] : throw SettingReader.Wrong(place, Expected, text);
    }
}
