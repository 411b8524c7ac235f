using System.CommandLine;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>A command whose values come from options, from the environment, and from a file that is named after it.</summary>
internal static class NodeCommand
{
    /// <param name="name">Of the command, and of its file.</param>
    /// <param name="purpose">What it does, and an example.</param>
    /// <param name="exitCodes">In a line.</param>
    /// <param name="settings">That options, environment and file may hold.</param>
    /// <param name="run">Returns the exit code.</param>
    public static Command Create(string name, string purpose, string exitCodes, IReadOnlyList<Setting> settings, Func<SettingReader, ParseResult, Task<int>> run)
    {
        var config = ConfigFile.SettingOf(name);
        var command = new Command(
            name,
            $"""
            {purpose}

            Every value can also be given as an environment variable (SPLITACTORS_JOIN for --join) or in hocon/{name}.conf.
            Exit codes: {exitCodes}.
            """)
        {
            config.Option,
        };
        foreach (var setting in settings)
            command.Add(setting.Option);
        command.SetAction((parsed, _) => run(SettingReader.WithFile(parsed, config, name, settings, isMember: true), parsed));
        return command;
    }
}
