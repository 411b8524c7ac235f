using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Akka.Configuration;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Clusters;
using SplitActors.Inference;

namespace SplitActors.Hosts.Nodes;

/// <summary>Where a node listens, and where it finds others.</summary>
/// <param name="Host">By which others reach it.</param>
/// <param name="Port">0: any that is free.</param>
/// <param name="Public">By which others reach it; null: where it listens.</param>
/// <param name="Seeds">HOST:PORT of nodes to join by.</param>
/// <param name="Certificate">Null: none, on this machine alone.</param>
/// <param name="Overrides">Settings of Akka.NET; null: none.</param>
internal sealed record MemberAddress(
    string Host, int Port, (string Host, int Port)? Public, ImmutableArray<string> Seeds, NodeCertificate? Certificate, Config? Overrides)
{
    /// <summary>Where a cluster begins, unless it is told otherwise.</summary>
    public const string Default = "127.0.0.1:7070";

    private const string Init = "splitactors cluster init cluster --node NAME --host NAME=HOST";

    public static readonly Setting Listen = Setting.Value("listen", "HOST:PORT", $"Address of this machine for other nodes. Default: {Default} of `cloud` and `scheduler`, any port of 127.0.0.1 of others.");
    public static readonly Setting PublicAddress = Setting.Value("public", "HOST:PORT", "Address by which other nodes reach this one, where that is not the one that it listens at: behind NAT, a proxy or a container's port mapping. Default: that of --listen.");
    public static readonly Setting Join = Setting.Value("join", "HOST:PORT[,…]", $"Nodes of the cluster to join by, of which one must answer. Default: {Default}; of `cloud`, none: a new cluster.", takesList: true);

    public static readonly IReadOnlyList<Setting> Settings = [Listen, PublicAddress, Join, .. NodeCertificate.Settings];

    /// <param name="settings">Of the process.</param>
    /// <param name="founds">It begins a cluster, unless it is told whom to join.</param>
    /// <exception cref="UserErrorException">An address is malformed, a certificate is wrong, or there is none and an address is not of this machine alone.</exception>
    public static MemberAddress Read(SettingReader settings, bool founds)
    {
        var (listen, place) = settings.Find(Listen) ?? (founds ? Default : "127.0.0.1:0", $"--{Listen.Name}");
        var (host, port) = Parse(listen, place, portMin: 0);
        var (reached, reachedPlace) = settings.Find(PublicAddress) is var (text, textPlace) ? (Parse(text, textPlace, portMin: 1), textPlace) : ((Host: host, Port: port), place);
        if (IPAddress.TryParse(reached.Host, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
            throw new UserErrorException(UserErrorKind.Options, reachedPlace, "the name or address by which others reach this machine", Text(reached), $"Name one by --{PublicAddress.Name}.");
        var certificate = NodeCertificate.Read(settings, reached.Host, TimeProvider.System);
        if (certificate is null)
        {
            RequireThisMachine(host, listen, place);
            RequireThisMachine(reached.Host, Text(reached), reachedPlace);
        }

        var seeds = ImmutableArray.Create(founds ? Text(reached) : Default);
        if (settings.Find(Join) is var (join, joinPlace))
        {
            var nodes = join.Split(',').Select(seed => Parse(seed, joinPlace, portMin: 1)).ToList();
            if (certificate is null)
                nodes.ForEach(node => RequireThisMachine(node.Host, Text(node), joinPlace));
            seeds = [.. nodes.Select(Text)];
        }

        return new MemberAddress(host, port, reached == (host, port) ? null : reached, seeds, certificate, settings.Overrides);
    }

    /// <summary>HOST:PORT by which others reach it.</summary>
    public string Reached => Text(Public ?? (Host, Port));

    /// <param name="report">Told of peers that are refused, and of what should not be so.</param>
    public MemberSettings ToSettings(Action<string> report)
    {
        foreach (var warning in Certificate?.Warnings ?? [])
            report(warning);
        var tls = Certificate is null ? null : new NodeTls(Certificate.Own, Certificate.Authority, TimeProvider.System, report);
        return new MemberSettings { Host = Host, Port = Port, Public = Public, Seeds = Seeds, Roles = [], Tls = tls, Overrides = Overrides };
    }

    private static string Text((string Host, int Port) address) => string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}");

    private static void RequireThisMachine(string host, string found, string place)
    {
        if (ClusterProcess.IsThisMachine(host))
            return;
        throw new UserErrorException(
            UserErrorKind.Options, place, $"an address that only this machine has, such as {Default}, as there is no --{NodeCertificate.Certificate.Name}", found,
            $"Make certificates, and a settings file for each process: `{Init}`; then start with --config cluster/NAME.conf.");
    }

    private static (string Host, int Port) Parse(string text, string place, int portMin)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port >= portMin && port <= IPEndPoint.MaxPort
            && Uri.CheckHostName(text[..colon]) != UriHostNameType.Unknown
            ? (text[..colon], port)
            : throw SettingReader.Wrong(place, $"HOST:PORT, such as {Default}", text);
    }
}
