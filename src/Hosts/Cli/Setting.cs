using System.CommandLine;

namespace SplitActors.Hosts.Cli;

/// <summary>
/// A value that can be given, in this order, as <c>--name value</c>, in the environment as <c>SPLITACTORS_NAME</c>, or in the
/// configuration file as <c>name = value</c>.
/// </summary>
internal sealed class Setting
{
    private readonly Func<ParseResult, string?> _argument;

    private Setting(string name, Option option, bool takesList, Func<ParseResult, string?> argument)
    {
        Name = name;
        Option = option;
        TakesList = takesList;
        _argument = argument;
    }

    /// <summary>Without dashes in front, as in "max-tokens".</summary>
    public string Name { get; }

    public Option Option { get; }

    /// <summary>Several values, with commas between them; a configuration file may have them as a list.</summary>
    public bool TakesList { get; }

    public string EnvironmentVariable => VariableOf(Name);

    /// <summary>As a setting of this name is called in the environment.</summary>
    public static string VariableOf(string name) => $"SPLITACTORS_{name.ToUpperInvariant().Replace('-', '_')}";

    /// <param name="name">Without dashes in front.</param>
    /// <param name="valueName">How the help names the value.</param>
    /// <param name="description">Ends with the default.</param>
    /// <param name="takesList">Several values, with commas between them.</param>
    public static Setting Value(string name, string valueName, string description, bool takesList = false)
    {
        var option = new Option<string?>($"--{name}") { HelpName = valueName, Description = description };
        return new Setting(name, option, takesList, parsed => parsed.GetValue(option));
    }

    /// <summary>A setting that <c>--name</c> alone turns on; elsewhere it has the value true or false.</summary>
    public static Setting Flag(string name, string description)
    {
        var option = new Option<bool>($"--{name}") { Description = description };
        return new Setting(name, option, takesList: false, parsed => parsed.GetResult(option) is { Implicit: false } ? $"{parsed.GetValue(option)}" : null);
    }

    /// <summary>What the command line gives, or null.</summary>
    public string? ArgumentIn(ParseResult parsed) => _argument(parsed);
}
