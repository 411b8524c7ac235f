using System.Text.Json;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>A JSON object of settings, such as <c>config/run.json</c>: names as on the command line, values strings, numbers or booleans.</summary>
internal sealed class ConfigFile
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private ConfigFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>Names the file of a command.</summary>
    public static Setting SettingOf(string command) =>
        Setting.Value("config", "FILE", $"JSON file with any of these values. Default: config/{command}.json, if there is one here or beside the program.");

    /// <summary>
    /// Reads the file that is named, or else <c>config/NAME</c> in the working folder, or else the one beside the program; none of the
    /// latter two need exist.
    /// </summary>
    /// <param name="named">Path that the user gave and where, or null.</param>
    /// <param name="fileName">Name of the command's file.</param>
    /// <param name="known">The settings that it may hold.</param>
    /// <exception cref="UserErrorException">The named file does not exist, or a file is not what it should be.</exception>
    public static ConfigFile Read((string Text, string Place)? named, string fileName, IEnumerable<Setting> known)
    {
        string[] candidates = named is var (text, _)
            ? [text]
            : [System.IO.Path.Combine("config", fileName), System.IO.Path.Combine(AppContext.BaseDirectory, "config", fileName)];
        var path = Array.Find(candidates, System.IO.Path.Exists);
        if (path is null && named is var (missing, place))
            throw new UserErrorException(UserErrorKind.Options, place, "a configuration file", $"no file '{missing}'", "Correct the path.");
        var file = new ConfigFile(path ?? candidates[^1]);
        if (path is not null)
            file.Load(known.Select(setting => setting.Name).ToHashSet(StringComparer.Ordinal));
        return file;
    }

    public string? Find(string name) => _values.GetValueOrDefault(name);

    private void Load(HashSet<string> known)
    {
        if (Directory.Exists(Path))
            throw Wrong(Path, "a file", "a folder");
        JsonElement root;
        try
        {
            root = JsonElement.Parse(Utf8File.Read(Path).Span, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException e)
        {
            throw Wrong(Path, "a JSON object", $"an error in line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(Path, "a file that can be read", e.Message.TrimEnd('.'));
        }

        if (root.ValueKind != JsonValueKind.Object)
            throw Wrong(Path, "a JSON object", $"{root.ValueKind}");
        try
        {
            foreach (var property in root.EnumerateObject())
                Add(property.Name, property.Value, known);
        }
        catch (InvalidOperationException) // a lone surrogate in a name or value
        {
            throw Wrong(Path, "names and values of valid Unicode", "half a surrogate pair");
        }
    }

    private void Add(string name, JsonElement value, HashSet<string> known)
    {
        if (!known.Contains(name))
            throw Wrong($"{Path}, {name}", $"one of {string.Join(", ", known.Order(StringComparer.Ordinal))}", "an unknown name");
        _values[name] = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            _ => throw Wrong($"{Path}, {name}", "a string, a number, true or false", $"{value.ValueKind}"),
        };
    }

    private static UserErrorException Wrong(string place, string expected, string found) =>
        new(UserErrorKind.Options, place, expected, found, "Correct the file, or name another with --config.");
}
