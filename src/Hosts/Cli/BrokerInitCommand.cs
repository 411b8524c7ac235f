using System.CommandLine;
using System.Net;
using SplitActors.Hosts.Brokers;

namespace SplitActors.Hosts.Cli;

/// <summary><c>splitactors broker init FOLDER</c>: certificates, passwords, settings of a broker, and a configuration file for each of its users.</summary>
internal static class BrokerInitCommand
{
    private const int PortDefault = 5671;
    private const int DaysMax = 36_500;

    private static readonly Setting Host = Setting.Value("host", "NAME", "Name or address by which others reach the broker. Default: localhost.");
    private static readonly Setting Bind = Setting.Value("bind", "ADDRESS", "Address of this machine that it listens on. Default: 127.0.0.1; with another --host that address, or all (0.0.0.0).");
    private static readonly Setting Port = Setting.Value("port", "N", $"TCP port. Default: {PortDefault}.");
    private static readonly Setting Days = Setting.Value("days", "N", "How long its certificates are valid, also those that are added later. Default: 1095.");
    private static readonly Setting Force = Setting.Flag("force", "Makes all keys and passwords of a broker's folder anew.");

    public static Command Create()
    {
        var command = new Command(
            "init",
            """
            Makes a folder for a RabbitMQ broker that only its users can speak to, by TLS with certificates on both sides: a private authority, certificates and random passwords of the
            scheduler, of each worker and of each device, permissions for what is theirs and no more, and a configuration file NAME.json for each.
            Other machines need ca.pem and their own NAME.json, NAME.pem and NAME.key; keep ca.key to yourself.

            Example: splitactors broker init cluster --worker gpu1 --worker gpu2 --device gateway1 --host broker.example

            Exit codes: 0 done, 2 wrong option, 5 folder not empty or not writable.
            """)
        {
            BrokerCommand.Folder, BrokerCommand.Workers, BrokerCommand.Devices, Host.Option, Bind.Option, Port.Option, Days.Option, Force.Option, BrokerCommand.Json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var host = settings.Text(Host) ?? "localhost";
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
            throw SettingReader.Wrong(settings.PlaceOf(Host), "the name or address of a machine", host);
        var endpoint = new IPEndPoint(BindOf(settings, host), settings.Integer(Port, 1, IPEndPoint.MaxPort) ?? PortDefault);
        var folder = new BrokerFolder(parsed.GetValue(BrokerCommand.Folder)!, host, endpoint);
        var users = BrokerCommand.UsersIn(parsed);
        new BrokerSetup(folder, settings.IsOn(Force)).Create(users, TimeProvider.System, TimeSpan.FromDays(settings.Integer(Days, 1, DaysMax) ?? 1095));
        new BrokerReport(folder, [new(BrokerFolder.SchedulerName, Actors.Transport.RabbitMq.BrokerRole.Scheduler), .. users]).Print(
            parsed.GetValue(BrokerCommand.Json), $"splitactors broker run {BrokerReport.Quoted(folder.Path)}");
        return ExitCode.Success;
    }

    /// <summary>On loopback, unless others are to reach it.</summary>
    private static IPAddress BindOf(SettingReader settings, string host)
    {
        if (settings.Find(Bind) is var (text, place))
            return IPAddress.TryParse(text, out var given) ? given : throw SettingReader.Wrong(place, "an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all", text);
        return host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var address) ? address : IPAddress.Any;
    }
}
