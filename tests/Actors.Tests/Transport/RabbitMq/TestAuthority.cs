using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SplitActors.Actors.Transport.RabbitMq;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

/// <summary>A certificate authority that lives as long as the tests.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset From = DateTimeOffset.UtcNow.AddDays(-1);
    private static readonly DateTimeOffset Until = DateTimeOffset.UtcNow.AddDays(1);

    private readonly X509Certificate2 _certificate;
    private byte _serialNumber = 1;

    public TestAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _certificate = request.CreateSelfSigned(From, Until);
    }

    public string Pem => _certificate.ExportCertificatePem();

    /// <summary>A certificate with its key, for a server if it has a host name.</summary>
    public X509Certificate2 Issue(string name, string? host = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var usage = new Oid(host is null ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1"); // client, server authentication
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([usage], critical: false));
        if (host is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(host);
            request.CertificateExtensions.Add(names.Build());
        }

        using var issued = request.Create(_certificate, From, Until, [_serialNumber++]);
        return issued.CopyWithPrivateKey(key);
    }

    public BrokerTls ClientTls(X509Certificate2 own, string? serverName = null) => new([X509CertificateLoader.LoadCertificate(_certificate.RawData)], own, serverName);

    public void Dispose() => _certificate.Dispose();
}
