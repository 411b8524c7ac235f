using System.Security.Cryptography.X509Certificates;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Clusters;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

/// <summary>Authorities that last as long as the tests, and what processes make of their certificates.</summary>
internal static class TestAuthority
{
    public static CertificateAuthority Create(string name) => CertificateAuthority.Create(name, TimeProvider.System, TimeSpan.FromDays(1));

    public static BrokerTls ClientTls(this CertificateAuthority authority, X509Certificate2 own, string? serverName = null) =>
        new([X509Certificate2.CreateFromPem(authority.Pem)], own, serverName);
}
