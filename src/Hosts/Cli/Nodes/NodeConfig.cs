using System.CommandLine;

namespace SplitActors.Hosts.Cli.Nodes;

/// <summary>Where a role's settings come from.</summary>
internal static class NodeConfig
{
    /// <param name="config">Names the file.</param>
    /// <param name="fileName">Of the role, where none is named.</param>
    /// <param name="known">That the file may hold.</param>
    public static SettingReader Read(ParseResult parsed, Setting config, string fileName, IReadOnlyList<Setting> known)
    {
        var named = new SettingReader(parsed, config: null).Find(config);
        return new SettingReader(parsed, ConfigFile.Read(named, fileName, known));
    }
}
