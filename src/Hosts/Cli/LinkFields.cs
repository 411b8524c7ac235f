using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>The <c>name=value</c> pairs of a link, each known and given once.</summary>
internal sealed class LinkFields
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly string _text;
    private readonly string _place;

    /// <exception cref="UserErrorException">A pair is malformed, unknown or given twice.</exception>
    public LinkFields(string text, string place, string[] known)
    {
        (_text, _place) = (text, place);
        foreach (var pair in text.Split(','))
        {
            var parts = pair.Split('=', 2);
            if (parts.Length < 2 || !known.Contains(parts[0], StringComparer.Ordinal))
                throw SettingReader.Wrong(place, $"name=value with one of the names {string.Join(", ", known)}", pair);
            if (!_values.TryAdd(parts[0], parts[1]))
                throw SettingReader.Wrong(place, $"{parts[0]} once", text);
        }
    }

    /// <param name="expected">What may be given, in words.</param>
    /// <param name="parse">Null if the text is not that.</param>
    public T Required<T>(string name, string expected, Func<string, T?> parse)
        where T : struct => Optional(name, expected, parse) ?? throw Missing(name, expected);

    public T? Optional<T>(string name, string expected, Func<string, T?> parse)
        where T : struct
    {
        if (!_values.TryGetValue(name, out var value))
            return null;
        return parse(value) ?? throw SettingReader.Wrong($"{_place}, {name}", expected, value);
    }

    public UserErrorException Missing(string name, string expected) => SettingReader.Wrong(_place, $"{name}= with {expected}", _text);
}
