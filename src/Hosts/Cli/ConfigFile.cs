using System.CommandLine;
using System.Text.Json;
using SplitActors.Hosts.Files;
using SplitActors.Inference;
using SplitActors.Inference.Json;

namespace SplitActors.Hosts.Cli;

/// <summary>A JSON object of settings, such as <c>config/run.json</c>: names as on the command line, values strings, numbers or booleans.</summary>
internal sealed class ConfigFile
{
    private const int BytesMax = 1 << 20;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private ConfigFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>Names the file of a command.</summary>
    public static Setting SettingOf(string command) =>
        Setting.Value("config", "FILE", $"JSON file with any of these values. Default: config/{command}.json, if there is one here or beside the program.");

    /// <summary>
    /// Reads the file that is named, or else <c>config/NAME.json</c> in the working folder, or else the one beside the program; none of the
    /// latter two need exist.
    /// </summary>
    /// <param name="named">Path that the user gave and where, or null.</param>
    /// <param name="parsed">Whose file it is.</param>
    /// <param name="command">Names the file.</param>
    /// <param name="known">The settings that it may hold.</param>
    /// <exception cref="UserErrorException">The named file does not exist, or a file is not what it should be.</exception>
    public static ConfigFile Read((string Text, string Place)? named, ParseResult parsed, string command, IEnumerable<Setting> known)
    {
        var fileName = $"{command}.json";
        string[] candidates = named is var (text, _)
            ? [text]
            : [System.IO.Path.Combine("config", fileName), System.IO.Path.Combine(AppContext.BaseDirectory, "config", fileName)];
        var path = Array.Find(candidates, System.IO.Path.Exists);
        if (path is null && named is var (missing, place))
            throw new UserErrorException(UserErrorKind.Options, place, "a configuration file", $"no file '{ShownText.Of(missing)}'", "Correct the path.");
        var file = new ConfigFile(path ?? candidates[^1]);
        if (path is not null)
            file.Load(parsed, command, known.Select(setting => setting.Name).ToHashSet(StringComparer.Ordinal));
        return file;
    }

    public string? Find(string name) => _values.GetValueOrDefault(name);

    private void Load(ParseResult parsed, string command, HashSet<string> known)
    {
        var root = Parse();
        if (root.ValueKind != JsonValueKind.Object)
            throw Wrong(Path, "a JSON object", $"{root.ValueKind}");
        try
        {
            string[] names = [.. root.EnumerateObject().Select(property => property.Name)];
            if (!names.All(known.Contains) && KnownNames.OwnersOf(parsed, names) is { Length: > 0 } owners)
                throw Wrong(Path, $"settings of `splitactors {command}`", $"a configuration of {owners}");
            foreach (var property in root.EnumerateObject())
                Add(property.Name, property.Value, known);
        }
        catch (InvalidOperationException)
        {
            throw Wrong(Path, "names and values of valid Unicode", "half a surrogate pair");
        }
    }

    private JsonElement Parse()
    {
        if (InputFile.Read(Path, BytesMax, out var found) is not { } bytes)
            throw Wrong(Path, $"a file that can be read, of at most {BytesMax >> 20} MiB", found);
        if (bytes.IsEmpty)
            throw Wrong(Path, "a JSON object", "nothing: an empty file, or a pipe that nobody writes to");
        if (Utf8Text.Decode(bytes.Span, out var invalidAt) is null)
            throw Wrong(Path, "UTF-8 text", $"bytes that are not, at byte {invalidAt}");
        try
        {
            return JsonElement.Parse(bytes.Span, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException e)
        {
            throw Wrong(Path, "a JSON object", $"an error in line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
    }

    private void Add(string name, JsonElement value, HashSet<string> known)
    {
        var place = $"{Path}, {ShownText.Of(name)}";
        if (!known.Contains(name))
        {
            var meant = NearestName.Of(name, known) is { } nearest ? $"{nearest}, or another setting" : "the name of a setting";
            throw Wrong(place, meant, "an unknown name");
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            _ => throw Wrong(place, "a string, a number, true or false", $"{value.ValueKind}"),
        };
        if (!_values.TryAdd(name, text))
            throw Wrong(place, "it once", "it twice");
    }

    private static UserErrorException Wrong(string place, string expected, string found) =>
        new(UserErrorKind.Options, place, expected, found, "Correct the file, or name another with --config.");
}
