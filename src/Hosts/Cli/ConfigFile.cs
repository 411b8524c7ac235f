using System.CommandLine;
using System.Text;
using Akka.Configuration;
using Akka.Configuration.Hocon;
using SplitActors.Hosts.Files;
using SplitActors.Inference;
using SplitActors.Inference.Json;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// A file of settings in HOCON, such as <c>hocon/run.conf</c>: <c>splitactors { … }</c> with names as on the command line, values texts, numbers, booleans, or lists of these; and, for members of a
/// cluster, <c>akka { … }</c>.
/// </summary>
internal sealed class ConfigFile
{
    private const int BytesMax = 1 << 20;
    private const string Own = "splitactors";
    private const string Akka = "akka";

    /// <summary>Of Akka.NET: given by our settings, or what keeps strangers out.</summary>
    private static readonly string[] Fixed =
    [
        "akka.actor.provider", "akka.actor.serializers", "akka.actor.serialization-bindings", "akka.actor.serialization-identifiers", "akka.actor.serialization-settings",
        "akka.cluster.roles", "akka.cluster.seed-nodes", "akka.remote.adapters", "akka.remote.enabled-transports", "akka.remote.dot-netty.tcp.applied-adapters", "akka.remote.dot-netty.tcp.enable-ssl",
        "akka.remote.dot-netty.tcp.hostname", "akka.remote.dot-netty.tcp.maximum-frame-size", "akka.remote.dot-netty.tcp.port",
        "akka.remote.dot-netty.tcp.public-hostname", "akka.remote.dot-netty.tcp.public-port", "akka.remote.dot-netty.tcp.ssl", "akka.remote.dot-netty.tcp.transport-class",
    ];

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private ConfigFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>Settings of Akka.NET that go before those of <c>reference.conf</c>; null: none.</summary>
    public Config? Overrides { get; private set; }

    /// <summary>Names the file of a command.</summary>
    public static Setting SettingOf(string command) =>
        Setting.Value("config", "FILE", $"File with any of these values in splitactors {{ … }}. Default: hocon/{command}.conf, if there is one here or beside the program.");

    /// <summary>
    /// Reads the file that is named, or else <c>hocon/NAME.conf</c> in the working folder, or else the one beside the program; none of the
    /// latter two need exist.
    /// </summary>
    /// <param name="named">Path that the user gave and where, or null.</param>
    /// <param name="parsed">Whose file it is.</param>
    /// <param name="command">Names the file.</param>
    /// <param name="known">The settings that it may hold.</param>
    /// <param name="isMember">Of a cluster: the file may also hold settings of Akka.NET.</param>
    /// <exception cref="UserErrorException">The named file does not exist, or a file is not what it should be.</exception>
    public static ConfigFile Read((string Text, string Place)? named, ParseResult parsed, string command, IReadOnlyCollection<Setting> known, bool isMember)
    {
        var fileName = $"{command}.conf";
        string[] candidates = named is var (text, _)
            ? [text]
            : [System.IO.Path.Combine("hocon", fileName), System.IO.Path.Combine(AppContext.BaseDirectory, "hocon", fileName)];
        var path = Array.Find(candidates, System.IO.Path.Exists);
        if (path is null && named is var (missing, place))
            throw new UserErrorException(UserErrorKind.Options, place, "a configuration file", $"no file '{ShownText.Of(missing)}'", "Correct the path.");
        var file = new ConfigFile(path ?? candidates[^1]);
        if (path is not null)
            file.Load(parsed, command, known.DistinctBy(setting => setting.Name, StringComparer.Ordinal).ToDictionary(setting => setting.Name, StringComparer.Ordinal), isMember);
        return file;
    }

    public string? Find(string name) => _values.GetValueOrDefault(name);

    private void Load(ParseResult parsed, string command, Dictionary<string, Setting> known, bool isMember)
    {
        var text = ReadText();
        var names = HoconOutline.Read(text, (line, expected, found) => Wrong($"{Path}, line {line}", expected, found));
        RequireSections(names, command, known, isMember);
        RequireOnce(names);
        var own = names.Where(name => name.Path[0] == Own).ToList();
        string[] settings = [.. own.Where(name => name.Path.Count > 1).Select(name => name.Path[1])];
        if (!settings.All(known.ContainsKey) && KnownNames.OwnersOf(parsed, settings) is { Length: > 0 } owners)
            throw Wrong(Path, $"settings of `splitactors {command}`", $"a configuration of {owners}");
        foreach (var name in own.Where(name => name.Path.Count > 1))
            RequireValue(name, known);

        var config = ConfigurationFactory.ParseString(text);
        foreach (var setting in settings)
            _values.Add(setting, ValueOf(config.GetValue($"{Own}.{setting}"), known[setting]));
        Overrides = names.Any(name => name.Path[0] == Akka) ? config : null;
    }

    private string ReadText()
    {
        if (InputFile.Read(Path, BytesMax, out var found) is not { } bytes)
            throw Wrong(Path, $"a file that can be read, of at most {BytesMax >> 20} MiB", found);
        if (bytes.IsEmpty)
            throw Wrong(Path, $"{Own} {{ … }}", "nothing: an empty file, or a pipe that nobody writes to");
        return Utf8Text.Decode(bytes.Span, out var invalidAt) ?? throw Wrong(Path, "UTF-8 text", $"bytes that are not, at byte {invalidAt}");
    }

    private void RequireSections(IReadOnlyList<HoconName> names, string command, Dictionary<string, Setting> known, bool isMember)
    {
        foreach (var (path, line, isObject) in names)
        {
            var place = $"{Path}, line {line}";
            if (path[0] == Akka && !isMember)
                throw Wrong(place, $"{Own} {{ … }} alone in a file of `splitactors {command}`", "akka { … }, which members of a cluster have");
            if (path[0] is not (Own or Akka))
                throw Wrong(place, known.ContainsKey(path[0]) ? $"{Own} {{ … }} around the settings" : isMember ? $"{Own} {{ … }} or akka {{ … }}" : $"{Own} {{ … }}", $"'{ShownText.Of(path[0])}'");
            if (path.Count == 1 && !isObject)
                throw Wrong(place, $"{path[0]} {{ … }}", "a value");
            var full = string.Join('.', path);
            if (Fixed.FirstOrDefault(key => !isObject && (full == key || full.StartsWith($"{key}.", StringComparison.Ordinal))) is { } key)
                throw Wrong(place, $"settings of Akka.NET without {key}, which splitactors sets itself", full);
        }
    }

    private void RequireOnce(IReadOnlyList<HoconName> names)
    {
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names.Where(name => !name.IsObject && !given.Add(string.Join('\0', name.Path))))
            throw Wrong(PlaceOf(name), "it once", $"it twice, again in line {name.Line}");
    }

    private void RequireValue(HoconName name, Dictionary<string, Setting> known)
    {
        if (!known.ContainsKey(name.Path[1]))
        {
            var meant = NearestName.Of(name.Path[1], known.Keys) is { } nearest ? $"{nearest}, or another setting" : "the name of a setting";
            throw Wrong(PlaceOf(name), meant, "an unknown name");
        }

        if (name.IsObject || name.Path.Count > 2)
            throw Wrong(PlaceOf(name), "a text, a number, true or false", "braces");
    }

    private string ValueOf(HoconValue value, Setting setting)
    {
        var place = $"{Path}, {setting.Name}";
        if (value.IsArray() && !setting.TakesList)
            throw Wrong(place, "a text, a number, true or false", "a list");
        if (value.IsArray() && value.GetArray().Any(part => !part.IsString() || part.GetString() is null))
            throw Wrong(place, "a list of texts or numbers", "a list of something else");
        var text = value.IsArray() ? string.Join(',', value.GetArray().Select(part => part.GetString())) : value.GetString();
        if (text is null)
            throw Wrong(place, "a text, a number, true or false", "null");
        return text.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar) && text.Any(char.IsSurrogate)
            ? throw Wrong(place, "a text of valid Unicode", "half a surrogate pair")
            : text;
    }

    private string PlaceOf(HoconName name) => $"{Path}, {ShownText.Of(string.Join('.', name.Path.Skip(name.Path[0] == Own ? 1 : 0)))}";

    private static UserErrorException Wrong(string place, string expected, string found) =>
        new(UserErrorKind.Options, place, expected, found, "Correct the file, or name another with --config.");
}
