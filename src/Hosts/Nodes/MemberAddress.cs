using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Cli;
using SplitActors.Inference;

namespace SplitActors.Hosts.Nodes;

/// <summary>Where a node listens, and where it finds others.</summary>
/// <param name="Host">Of this machine.</param>
/// <param name="Port">0: any that is free.</param>
/// <param name="Seeds">HOST:PORT of nodes to join by.</param>
internal sealed record MemberAddress(string Host, int Port, ImmutableArray<string> Seeds)
{
    /// <summary>Where a cluster begins, unless it is told otherwise.</summary>
    public const string Default = "127.0.0.1:7070";

    public static readonly Setting Listen = Setting.Value("listen", "HOST:PORT", $"Address of this machine for other nodes. Default: {Default} of `cloud` and `scheduler`, any port of 127.0.0.1 of others.");
    public static readonly Setting Join = Setting.Value("join", "HOST:PORT[,…]", $"Nodes of the cluster to join by, of which one must answer. Default: {Default}; of `cloud`, none: a new cluster.", takesList: true);

    /// <param name="settings">Of the process.</param>
    /// <param name="founds">It begins a cluster, unless it is told whom to join.</param>
    /// <exception cref="UserErrorException">An address is malformed, or is not of this machine alone.</exception>
    public static MemberAddress Read(SettingReader settings, bool founds)
    {
        var (listen, place) = settings.Find(Listen) ?? (founds ? Default : "127.0.0.1:0", $"--{Listen.Name}");
        var (host, port) = Parse(listen, place, portMin: 0);
        if (!IPAddress.TryParse(host, out var address) || !IPAddress.IsLoopback(address))
        {
            throw new UserErrorException(
                UserErrorKind.Options, place, "an address that only this machine has, such as 127.0.0.1:7070", listen,
                "Connect machines by a broker, with certificates on both sides: `splitactors broker init`.");
        }

        var seeds = settings.Find(Join) is var (join, joinPlace)
            ? [.. join.Split(',').Select(seed => Parse(seed, joinPlace, portMin: 1)).Select(seed => string.Create(CultureInfo.InvariantCulture, $"{seed.Host}:{seed.Port}"))]
            : founds ? ImmutableArray.Create(listen) : [Default];
        return new MemberAddress(host, port, seeds);
    }

    public MemberSettings ToSettings() => new() { Host = Host, Port = Port, Seeds = Seeds, Roles = [] };

    private static (string Host, int Port) Parse(string text, string place, int portMin)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port >= portMin && port <= IPEndPoint.MaxPort
            && Uri.CheckHostName(text[..colon]) != UriHostNameType.Unknown
            ? (text[..colon], port)
            : throw SettingReader.Wrong(place, $"HOST:PORT, such as {Default}", text);
    }
}
