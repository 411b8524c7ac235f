using System.Security.Cryptography.X509Certificates;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Clusters;

namespace SplitActors.Actors.Tests.Cluster;

/// <summary>Certificates of nodes on loopback: good ones, and all kinds of bad ones.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly CertificateAuthority _nodes = NewAuthority();
    private readonly CertificateAuthority _others = NewAuthority();

    public X509Certificate2 Authority => X509Certificate2.CreateFromPem(_nodes.Pem);

    /// <summary>What a node has whose operator did everything right.</summary>
    public NodeTls Good(string name, Action<string>? report = null, TimeProvider? clock = null) => new(Issue("good", name), Authority, clock ?? TimeProvider.System, report);

    /// <summary>What a stranger has, who believes everybody that a node of the cluster would believe.</summary>
    public NodeTls Bad(string kind, Action<string>? report = null) => new(Issue(kind, kind), Authority, TimeProvider.System, report);

    public X509Certificate2 Issue(string kind, string name)
    {
        var now = TimeProvider.System.GetUtcNow();
        string[] hosts = ["127.0.0.1", "localhost"];
        return kind switch
        {
            "expired" => _nodes.Issue(name, hosts, now.AddHours(-2), now.AddHours(-1)),
            "not yet valid" => _nodes.Issue(name, hosts, now.AddHours(1), now.AddHours(2)),
            "foreign" => _others.Issue(name, hosts),
            "device" => _others.Issue(name), // of another authority, and for clients
            "other host" => _nodes.Issue(name, "elsewhere.example"),
            _ => _nodes.Issue(name, hosts),
        };
    }

    public void Dispose()
    {
        _nodes.Dispose();
        _others.Dispose();
    }

    private static CertificateAuthority NewAuthority() => CertificateAuthority.Create("Test nodes", TimeProvider.System, TimeSpan.FromDays(1));
}
