using System.CommandLine;
using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using SplitActors.Hosts.Clusters;

namespace SplitActors.Hosts.Cli.Clusters;

/// <summary><c>splitactors cluster init DIR</c>: authorities, certificates, and a file of settings for each process of a cluster.</summary>
internal static class ClusterInitCommand
{
    private const int DaysMax = 36_500;
    private const int DaysDefault = 1095;

    private static readonly JsonSerializerOptions JsonFormat = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Argument<string> Folder = new("folder") { Description = "To make." };
    private static readonly Option<string[]> Nodes = new("--node") { HelpName = "NAME", Description = "A node that schedules or computes; may be given several times. The first one begins the cluster." };
    private static readonly Option<string[]> Devices = new("--device") { HelpName = "NAME", Description = "A device; may be given several times." };
    private static readonly Option<string[]> Hosts = new("--host") { HelpName = "NAME=HOST", Description = "Name or address of its machine, by which others reach it; may be given several times. Default: this machine alone, 127.0.0.1." };
    private static readonly Setting Port = Setting.Value("port", "N", $"TCP port of nodes; of several on one host, the first one's. Default: {ClusterPlan.PortDefault}.");
    private static readonly Setting Days = Setting.Value("days", "N", $"How long certificates are valid. Default: {DaysDefault}.");
    private static readonly Setting Replace = Setting.Flag("replace", "Makes keys and certificates anew in place of those of a cluster's folder.");
    private static readonly Option<bool> Json = new("--json") { Description = "Prints one JSON object." };

    public static Command Create()
    {
        var command = new Command(
            "init",
            """
            Makes a folder with all that the processes of a cluster need to speak to each other by TLS with certificates on both sides: two authorities, of nodes and of devices, and for each process NAME a
            file of settings NAME.conf and a folder NAME/ with its certificate and key. A process's machine needs these two; keep the folder authorities/ to yourself.

            Example: splitactors cluster init cluster --node cloud1 --node gpu1 --device pi1 --host cloud1=10.0.0.1 --host gpu1=10.0.0.2 --host pi1=10.0.0.3

            Exit codes: 0 done, or there already, 2 wrong option, 5 something else is there, or not writable.
            """)
        {
            Folder, Nodes, Devices, Hosts, Port.Option, Days.Option, Replace.Option, Json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var settings = new SettingReader(parsed, config: null);
        var folder = new ClusterFolder(parsed.GetValue(Folder) is { Length: > 0 } path ? path : throw SettingReader.Wrong("folder", "a folder's path", ""));
        var port = settings.Integer(Port, 1, IPEndPoint.MaxPort) ?? ClusterPlan.PortDefault;
        var plan = ClusterPlan.Of(parsed.GetValue(Nodes) ?? [], parsed.GetValue(Devices) ?? [], parsed.GetValue(Hosts) ?? [], port);
        var isMade = folder.Create(plan, settings.IsOn(Replace), TimeProvider.System, TimeSpan.FromDays(settings.Integer(Days, 1, DaysMax) ?? DaysDefault));
        if (parsed.GetValue(Json))
            Console.Out.WriteLine(JsonSerializer.Serialize(ToJson(folder, plan, isMade), JsonFormat));
        else
            Terminal.Output.WriteFacts([.. Facts(folder, plan, isMade)]);
        return ExitCode.Success;
    }

    private static IEnumerable<(string Name, string Value)> Facts(ClusterFolder folder, ClusterPlan plan, bool isMade)
    {
        yield return ("folder", $"{folder.Path}, {(isMade ? "made" : "there already, as asked for: nothing is changed")}");
        foreach (var process in plan.Processes)
            yield return (process.IsDevice ? "device" : "node", $"{process.Name}, {(process.Port == 0 ? process.Host : process.Address)}: {folder.ConfigOf(process)}, {Path.Combine(folder.Path, process.Name)}/");
        yield return ("keep", $"{Path.Combine(folder.Path, ClusterFolder.Authorities)}/ to yourself: it can make further certificates");
        foreach (var (process, index) in plan.Processes.Select((process, index) => (process, index)))
            yield return ("start", CommandOf(folder, process, index, plan));
    }

    /// <summary>The first node schedules, the others compute; alone it does both.</summary>
    private static string CommandOf(ClusterFolder folder, ClusterProcess process, int index, ClusterPlan plan)
    {
        var commands = ProcessConfig.CommandsOf(process, folder.ConfigOf(process));
        return process.IsDevice ? commands[0] : commands[index > 0 ? 2 : plan.Nodes.Skip(1).Any() ? 1 : 0];
    }

    private static object ToJson(ClusterFolder folder, ClusterPlan plan, bool isMade) => new
    {
        folder = folder.Path,
        made = isMade,
        processes = plan.Processes.Select((process, index) => new
        {
            name = process.Name,
            kind = process.IsDevice ? "device" : "node",
            host = process.Host,
            port = process.Port == 0 ? (int?)null : process.Port,
            config = folder.ConfigOf(process),
            certificates = Path.Combine(folder.Path, process.Name),
            start = CommandOf(folder, process, index, plan),
        }),
    };
}

/// <summary><c>splitactors cluster</c>: what a cluster of several machines needs.</summary>
internal static class ClusterCommand
{
    public static Command Create() => new(
        "cluster",
        """
        Sets a cluster up, with certificates and settings of each process.

        Example: splitactors cluster init cluster --node cloud1 --node gpu1 --device pi1
        """)
    {
        ClusterInitCommand.Create(),
    };
}
