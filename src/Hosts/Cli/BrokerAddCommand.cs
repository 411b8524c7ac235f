using System.CommandLine;
using SplitActors.Hosts.Brokers;
using SplitActors.Inference;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors broker add FOLDER</c>: further workers and devices.</summary>
internal static class BrokerAddCommand
{
    private static readonly Option<bool> Force = new("--force") { Description = "Gives users that there are already new certificates and passwords." };

    public static Command Create()
    {
        var command = new Command(
            "add",
            """
            Adds workers and devices to a folder of `splitactors broker init`. The broker knows them after its next start.

            Example: splitactors broker add cluster --device gateway2

            Exit codes: 0 done, 2 wrong option or folder, 5 folder not writable.
            """)
        {
            BrokerCommand.Folder, BrokerCommand.Workers, BrokerCommand.Devices, Force, BrokerCommand.Json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var folder = BrokerFolder.Open(parsed.GetValue(BrokerCommand.Folder)!);
        var users = BrokerCommand.UsersIn(parsed);
        if (users.Count == 0)
            throw new UserErrorException(UserErrorKind.Options, "splitactors broker add", "--worker NAME or --device NAME", "neither", "Name whom to add.");
        new BrokerSetup(folder, parsed.GetValue(Force)).Add(users);
        var path = BrokerReport.Quoted(folder.Path);
        new BrokerReport(folder, users).Print(
            parsed.GetValue(BrokerCommand.Json),
            $"start `splitactors broker run {path}` again, for which sessions wait; a broker of the system: rabbitmqctl import_definitions {BrokerReport.Quoted(folder.File(BrokerFolder.DefinitionsFile))}");
        return ExitCode.Success;
    }
}
