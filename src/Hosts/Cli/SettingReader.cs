using System.CommandLine;
using System.Globalization;
using Akka.Configuration;
using SplitActors.Inference;
using SplitActors.Inference.Json;

namespace SplitActors.Hosts.Cli;

/// <summary>Looks settings up in command line, environment and configuration file; errors name where the value stands.</summary>
internal sealed class SettingReader
{
    private const double SecondsMin = 0.001; // what timers can tell apart

    private readonly ParseResult _parsed;
    private readonly ConfigFile? _config;

    /// <exception cref="UserErrorException">The environment has a variable of this program's that no command knows.</exception>
    public SettingReader(ParseResult parsed, ConfigFile? config)
    {
        (_parsed, _config) = (parsed, config);
        KnownNames.CheckEnvironment(parsed);
    }

    /// <summary>Of a command with a configuration file.</summary>
    /// <param name="parsed">Of the command.</param>
    /// <param name="config">Names another file (<see cref="ConfigFile.SettingOf"/>).</param>
    /// <param name="command">Names the file otherwise.</param>
    /// <param name="known">The settings that the file may hold.</param>
    /// <param name="isMember">Of a cluster: the file may also hold settings of Akka.NET.</param>
    /// <exception cref="UserErrorException">The named file does not exist, or a file is not what it should be.</exception>
    public static SettingReader WithFile(ParseResult parsed, Setting config, string command, IReadOnlyCollection<Setting> known, bool isMember)
    {
        var named = new SettingReader(parsed, config: null).Find(config);
        return new SettingReader(parsed, ConfigFile.Read(named, parsed, command, known, isMember));
    }

    /// <summary>Settings of Akka.NET in the file; null: none.</summary>
    public Config? Overrides => _config?.Overrides;

    /// <summary>The value and the place it comes from; null if it is given nowhere.</summary>
    public (string Text, string Place)? Find(Setting setting)
    {
        if (setting.ArgumentIn(_parsed) is { } argument)
            return (argument, $"--{setting.Name}");
        if (FindElsewhere(setting) is not var (text, place))
            return null;
        SettingOrigins.Of(_parsed).Note(setting, text, place);
        return (text, place);
    }

    private (string Text, string Place)? FindElsewhere(Setting setting)
    {
        if (Environment.GetEnvironmentVariable(setting.EnvironmentVariable) is { Length: > 0 } variable)
        {
            ProcessBytes.RequireUtf8(setting.EnvironmentVariable, variable);
            return (variable, setting.EnvironmentVariable);
        }

        return _config?.Find(setting.Name) is { } value ? (value, PlaceIn(_config, setting)) : null;
    }

    /// <summary>What files in a value are relative to: the configuration file's folder if it stands there, else the working folder.</summary>
    public string FolderOf(Setting setting) => _config is not null && Find(setting) is var (_, place) && place == PlaceIn(_config, setting)
        ? Path.GetDirectoryName(Path.GetFullPath(_config.Path))!
        : Environment.CurrentDirectory;

    /// <summary>A text of at least one character.</summary>
    public string? Text(Setting setting) =>
        Find(setting) is var (text, place) ? text.Length > 0 ? text : throw Wrong(place, "at least one character", text) : null;

    public bool IsOn(Setting setting) =>
        Parse<bool>(setting, "true or false", text => text.ToLowerInvariant() switch
        {
            "true" or "1" => true,
            "false" or "0" => false,
            _ => null,
        }) ?? false;

    public int? Integer(Setting setting, int min, int max) =>
        Parse<int>(setting, $"a whole number from {min} to {max}", text =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max ? value : null);

    public int? OneOf(Setting setting, ReadOnlySpan<int> supported)
    {
        var values = supported.ToArray();
        return Parse<int>(setting, $"one of {string.Join(", ", values)}", text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && values.Contains(value) ? value : null);
    }

    /// <summary>Different numbers with commas between them; none if it is given nowhere.</summary>
    /// <param name="supported">That may be given.</param>
    /// <param name="countMax">Most of them.</param>
    public IReadOnlyList<int> Integers(Setting setting, ReadOnlySpan<int> supported, int countMax = int.MaxValue)
    {
        var values = supported.ToArray();
        var list = string.Join(", ", values);
        return Integers(setting, countMax == 1 ? $"one of {list}" : $"some of {list}, with commas between them", values.Contains, countMax);
    }

    /// <summary>Different numbers of a range, with commas between them; none if it is given nowhere.</summary>
    public IReadOnlyList<int> Integers(Setting setting, int min, int max) =>
        Integers(setting, $"whole numbers from {min} to {max}, with commas between them", value => value >= min && value <= max, int.MaxValue);

    private List<int> Integers(Setting setting, string expected, Func<int, bool> isValid, int countMax)
    {
        if (Find(setting) is not var (text, place))
            return [];
        var values = new List<int>();
        foreach (var part in text.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || !isValid(value) || values.Count == countMax)
                throw Wrong(place, expected, text);
            if (!values.Contains(value))
                values.Add(value);
        }

        return values;
    }

    /// <summary>Whether it is given as auto.</summary>
    public bool IsAuto(Setting setting) => Find(setting) is ("auto", _);

    /// <summary>A number of layers; null for auto, or if it is given nowhere.</summary>
    public int? LayersOrAuto(Setting setting) =>
        Find(setting) is (not "auto", _)
            ? Parse<int>(setting, "a number of layers, or auto", text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var layers) ? layers : null)
            : null;

    /// <summary>Where a value was given, for messages.</summary>
    public string PlaceOf(Setting setting) => Find(setting)?.Place ?? $"--{setting.Name}";

    public ulong? Unsigned(Setting setting) =>
        Parse<ulong>(setting, "a whole number of at least 0", text =>
            ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null);

    /// <param name="expected">The range, in words.</param>
    /// <param name="isValid">Asked for finite numbers only.</param>
    public double? Number(Setting setting, string expected, Func<double, bool> isValid) =>
        Parse<double>(setting, expected, text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && isValid(value) ? value : null);

    /// <summary>A number for float32, in its range there too: 1e39 is infinite, and 1e-50 is 0.</summary>
    /// <param name="expected">The range, in words.</param>
    /// <param name="isValid">Asked for finite numbers only.</param>
    public float? Single(Setting setting, string expected, Func<float, bool> isValid) =>
        Parse<float>(setting, expected, text =>
            float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && float.IsFinite(value) && isValid(value) ? value : null);

    /// <summary>A time in seconds that a timer can keep, never 0.</summary>
    public TimeSpan? Seconds(Setting setting, double max) =>
        Number(setting, FormattableString.Invariant($"seconds from {SecondsMin} to {max}"), value => value >= SecondsMin && value <= max) is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : null;

    /// <param name="expected">What may be given, in words.</param>
    /// <param name="parse">Null if the text is not that.</param>
    public T? Parse<T>(Setting setting, string expected, Func<string, T?> parse)
        where T : struct
    {
        if (Find(setting) is not var (text, place))
            return null;
        return parse(text) ?? throw Wrong(place, expected, text);
    }

    public static UserErrorException Wrong(string place, string expected, string found) =>
        new(UserErrorKind.Options, place, expected, $"'{ShownText.Of(found)}'", "Correct it or leave it out.");

    private static string PlaceIn(ConfigFile config, Setting setting) => $"{config.Path}, {setting.Name}";
}
