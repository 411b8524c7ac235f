using System.CommandLine;
using SplitActors.Actors.Transport.RabbitMq;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors broker</c>: a RabbitMQ broker for a cluster.</summary>
internal static class BrokerCommand
{
    public static Command Create() => new(
        "broker",
        """
        Sets up a RabbitMQ broker for a cluster, with certificates and a user for each process, and runs it.

        Example: splitactors broker init cluster --worker gpu1 --device gateway1 && splitactors broker run cluster
        """)
    {
        BrokerInitCommand.Create(),
        BrokerAddCommand.Create(),
        BrokerRunCommand.Create(),
    };

    public static Argument<string> Folder { get; } = new("folder") { Description = "The broker's folder." };

    public static Option<bool> Json { get; } = new("--json") { Description = "Prints one JSON object." };

    public static Option<string[]> Workers { get; } = new("--worker") { HelpName = "NAME", Description = "A worker; may be given several times." };

    public static Option<string[]> Devices { get; } = new("--device") { HelpName = "NAME", Description = "A device; may be given several times." };

    public static List<BrokerUser> UsersIn(ParseResult parsed) =>
    [
        .. (parsed.GetValue(Workers) ?? []).Select(name => new BrokerUser(name, BrokerRole.Worker)),
        .. (parsed.GetValue(Devices) ?? []).Select(name => new BrokerUser(name, BrokerRole.Device)),
    ];
}
