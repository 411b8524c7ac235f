using System.CommandLine;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary>The names that settings have, of all commands. What is none of them in the environment or in a file is a mistake.</summary>
internal static class KnownNames
{
    private const string VariablePrefix = "SPLITACTORS_";
    private const string ConfigOption = "--config";

    /// <summary>Variables that are no settings.</summary>
    private static readonly string[] OtherVariables = [CommandLine.DebugVariable];

    /// <exception cref="UserErrorException">The environment has a variable of this program's that no command knows.</exception>
    public static void CheckEnvironment(ParseResult parsed)
    {
        var names = Commands(parsed).SelectMany(Names).ToList();
        var known = names.Select(Setting.VariableOf).Concat(OtherVariables).ToHashSet(StringComparer.Ordinal);
        var unknown = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith(VariablePrefix, StringComparison.Ordinal) && !known.Contains(name))
            .Order(StringComparer.Ordinal).FirstOrDefault();
        if (unknown is null)
            return;
        var nearest = NearestName.Of(unknown[VariablePrefix.Length..], names);
        var meant = nearest is null ? "" : $"Did you mean {Setting.VariableOf(nearest)}? ";
        throw new UserErrorException(UserErrorKind.Options, unknown, "the name of a setting", "an unknown one", $"{meant}Correct or unset it.");
    }

    /// <summary>Commands for whose configuration file these names would be right, as a sentence has them; empty for none.</summary>
    public static string OwnersOf(ParseResult parsed, IReadOnlyCollection<string> names)
    {
        var owners = Commands(parsed)
            .Where(command => command.Options.Any(option => option.Name == ConfigOption))
            .Where(command => names.All(name => name != "config" && Names(command).Contains(name, StringComparer.Ordinal)))
            .Select(command => $"`splitactors {command.Name}`").ToList();
        return owners.Count > 1 ? $"{string.Join(", ", owners[..^1])} or {owners[^1]}" : string.Concat(owners);
    }

    private static IEnumerable<Command> Commands(ParseResult parsed)
    {
        return Below(parsed.RootCommandResult.Command);

        static IEnumerable<Command> Below(Command command) => command.Subcommands.SelectMany(Below).Prepend(command);
    }

    private static IEnumerable<string> Names(Command command) => command.Options.Select(option => option.Name.TrimStart('-'));
}
