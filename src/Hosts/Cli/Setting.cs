using System.CommandLine;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// A value that can be given, in this order, as <c>--name value</c>, in the environment as <c>SPLITACTORS_NAME</c>, or in the
/// configuration file as <c>"name": value</c>.
/// </summary>
internal sealed class Setting
{
    /// <param name="name">Without dashes in front, as in "max-tokens".</param>
    /// <param name="valueName">How the help names the value.</param>
    /// <param name="description">Ends with the default.</param>
    public Setting(string name, string valueName, string description)
    {
        Name = name;
        Option = new Option<string?>($"--{name}") { HelpName = valueName, Description = description };
    }

    public string Name { get; }

    public Option<string?> Option { get; }

    public string EnvironmentVariable => $"SPLITACTORS_{Name.ToUpperInvariant().Replace('-', '_')}";
}
