using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// Which values of a command stood in the environment or in its configuration file. An error that names the option, or the file that the
/// value names, says so: whoever sees it gave neither on the command line.
/// </summary>
internal sealed class SettingOrigins
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);
    private static readonly ConditionalWeakTable<ParseResult, SettingOrigins> Known = [];

    private readonly HashSet<(string Option, string Text, string Place)> _values = [];

    public static SettingOrigins Of(ParseResult parsed) => Known.GetOrCreateValue(parsed);

    public void Note(Setting setting, string text, string place) => _values.Add(($"--{setting.Name}", text, place));

    /// <summary>The error's message, and where the value stands that it is about.</summary>
    public string Explain(UserErrorException error)
    {
        var about = _values.FirstOrDefault(value => Names(error.Place, value.Option) || IsBelow(error.Place, value.Text)).Place;
        return about is null || error.Place.StartsWith(about, StringComparison.Ordinal)
            ? error.Message
            : $"{error.Message} The value stands in {about}.";
    }

    private static bool Names(string place, string option) =>
        Regex.IsMatch(place, $@"(?<![\w-]){option}(?![\w-])", RegexOptions.None, MatchTimeout);

    /// <summary>Whether the place is a path that the value is, or begins.</summary>
    private static bool IsBelow(string place, string path) =>
        path.Length > 0
        && new[] { path, Path.GetFullPath(path) }.Select(Path.TrimEndingDirectorySeparator).Any(start =>
            place.StartsWith(start, StringComparison.Ordinal) && (place.Length == start.Length || place[start.Length] is '/' or '\\'));
}
