using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using SplitActors.Actors.Cluster;
using SplitActors.Inference;

namespace SplitActors.Hosts.Clusters;

/// <summary>A process of a cluster.</summary>
/// <param name="Name">Its own in the cluster; files are called so.</param>
/// <param name="Host">By which others reach it.</param>
/// <param name="Port">0: any that is free.</param>
internal sealed record ClusterProcess(string Name, bool IsDevice, string Host, int Port)
{
    public string Address => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    public bool IsOnThisMachine => IsThisMachine(Host);

    public static bool IsThisMachine(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>Which processes a cluster has, and where.</summary>
internal sealed record ClusterPlan(ImmutableArray<ClusterProcess> Processes)
{
    public const int PortDefault = 7070;

    private const string HostDefault = "127.0.0.1";

    public IEnumerable<ClusterProcess> Nodes => Processes.Where(process => !process.IsDevice);

    /// <summary>Nodes get the port, or, several on one host, the ports from there on; devices listen on any.</summary>
    /// <param name="nodes">Names; the first one's process begins the cluster.</param>
    /// <param name="devices">Names.</param>
    /// <param name="hosts">NAME=HOST each; those without one are on this machine.</param>
    /// <param name="port">The first.</param>
    /// <exception cref="UserErrorException">A name or a host is none, is given twice, or cannot be reached by the others.</exception>
    public static ClusterPlan Of(IReadOnlyList<string> nodes, IReadOnlyList<string> devices, IReadOnlyList<string> hosts, int port)
    {
        if (nodes.Count == 0)
            throw new UserErrorException(UserErrorKind.Options, "--node", "the name of at least one node", "none", "Name one: --node cloud1.");
        foreach (var name in nodes)
            RequireName("--node", name);
        foreach (var name in devices)
            RequireName("--device", name);
        string[] names = [.. nodes, .. devices];
        if (names.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new UserErrorException(UserErrorKind.Options, $"--node and --device {twice.Last()}", "names that differ", "one that is given twice", "Take another name for one of them.");

        var hostOf = HostsOf(names, hosts);
        var ports = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var plan = new ClusterPlan([.. names.Select((name, index) =>
        {
            var (isDevice, host) = (index >= nodes.Count, hostOf.GetValueOrDefault(name, HostDefault));
            return new ClusterProcess(name, isDevice, host, isDevice ? 0 : NextPort(host));
        })]);
        plan.RequireReachable();
        return plan;

        int NextPort(string host)
        {
            var next = ports[host] = ports.GetValueOrDefault(host, port - 1) + 1;
            return next <= IPEndPoint.MaxPort
                ? next
                : throw new UserErrorException(UserErrorKind.Options, "--port", $"one that leaves a port to each node on {host}", $"{port}", "Take a lower one.");
        }
    }

    private static void RequireName(string option, string name)
    {
        if (!PeerNames.IsValid(name) || name.Contains('.', StringComparison.Ordinal) || name.Equals(ClusterFolder.Authorities, StringComparison.OrdinalIgnoreCase))
        {
            throw new UserErrorException(
                UserErrorKind.Options, option, $"a name of 1 to {PeerNames.LengthMax} letters a to z, digits, '-' and '_', beginning with a letter or a digit, and not '{ClusterFolder.Authorities}'",
                $"'{Inference.Json.ShownText.Of(name)}'", "Take another name; say where it is with --host NAME=HOST.");
        }
    }

    private static Dictionary<string, string> HostsOf(string[] names, IReadOnlyList<string> hosts)
    {
        var hostOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var given in hosts)
        {
            var (name, host) = given.Split('=') is [var left, var right] ? (left, right) : ("", "");
            if (Uri.CheckHostName(host) is UriHostNameType.Unknown or UriHostNameType.IPv6 || (IPAddress.TryParse(host, out var address) && address.Equals(IPAddress.Any)))
                throw new UserErrorException(UserErrorKind.Options, "--host", "NAME=HOST, such as gpu1=10.0.0.5 or gpu1=gpu1.example", $"'{Inference.Json.ShownText.Of(given)}'", "Correct it.");
            if (!names.Contains(name, StringComparer.Ordinal))
                throw new UserErrorException(UserErrorKind.Options, "--host", "the host of a --node or --device", $"one of '{Inference.Json.ShownText.Of(name)}'", "Name it with --node or --device too.");
            if (!hostOf.TryAdd(name, host))
                throw new UserErrorException(UserErrorKind.Options, "--host", $"one host of {name}", "two", "Leave one out.");
        }

        return hostOf;
    }

    /// <summary>An address of one machine means another machine elsewhere.</summary>
    private void RequireReachable()
    {
        if (Processes.All(process => process.IsOnThisMachine) || Processes.FirstOrDefault(process => process.IsOnThisMachine) is not { } local)
            return;
        throw new UserErrorException(
            UserErrorKind.Options, "--host", "a host of every node and device, as some are on other machines", $"none that others reach of {local.Name}", $"Add --host {local.Name}=HOST.");
    }
}
