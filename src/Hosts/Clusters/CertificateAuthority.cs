using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SplitActors.Hosts.Clusters;

/// <summary>A private authority of one cluster, for its nodes or for its devices. Keys are on the curve P-256.</summary>
internal sealed class CertificateAuthority : IDisposable
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";
    private const int SerialNumberBytes = 16;

    /// <summary>Clocks of machines differ.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(1);

    private readonly X509Certificate2 _certificate;

    private CertificateAuthority(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>The certificate alone, to trust.</summary>
    public string Pem => _certificate.ExportCertificatePem();

    /// <summary>Whoever has it can issue certificates.</summary>
    public string KeyPem => KeyPemOf(_certificate);

    /// <param name="lifetime">Of all its certificates.</param>
    public static CertificateAuthority Create(string name, TimeProvider clock, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = RequestFor(name, key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = clock.GetUtcNow();
        return new CertificateAuthority(request.CreateSelfSigned(now - ClockTolerance, now + lifetime));
    }

    /// <exception cref="CryptographicException">The texts are no certificate and its key.</exception>
    public static CertificateAuthority FromPem(string certificatePem, string keyPem) => new(X509Certificate2.CreateFromPem(certificatePem, keyPem));

    public static string KeyPemOf(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey() ?? throw new CryptographicException("The certificate has no key on a curve.");
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <summary>A certificate with its key, as long valid as the authority's.</summary>
    /// <param name="hosts">Names and addresses of a server, which may also be a client; none: a client's.</param>
    public X509Certificate2 Issue(string name, params IReadOnlyCollection<string> hosts) => Issue(name, hosts, new DateTimeOffset(_certificate.NotBefore), new DateTimeOffset(_certificate.NotAfter));

    /// <inheritdoc cref="Issue(string, IReadOnlyCollection{string})"/>
    /// <param name="from">First moment in which it is valid.</param>
    /// <param name="until">Last one.</param>
    public X509Certificate2 Issue(string name, IReadOnlyCollection<string> hosts, DateTimeOffset from, DateTimeOffset until)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = RequestFor(name, key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(hosts.Count > 0 ? [new Oid(ServerUsage), new Oid(ClientUsage)] : [new Oid(ClientUsage)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (hosts.Count > 0)
            request.CertificateExtensions.Add(NamesOf(hosts));

        var serialNumber = RandomNumberGenerator.GetBytes(SerialNumberBytes);
        serialNumber[0] &= 0x7F; // positive
        using var issued = request.Create(_certificate, from, until, serialNumber);
        return issued.CopyWithPrivateKey(key);
    }

    public void Dispose() => _certificate.Dispose();

    private static CertificateRequest RequestFor(string name, ECDsa key)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        return new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
    }

    private static X509Extension NamesOf(IReadOnlyCollection<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        return names.Build();
    }
}
