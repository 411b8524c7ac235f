using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;
using SplitActors.Inference;

namespace SplitActors.Actors.Transport.RabbitMq;

/// <summary>Mutual TLS: whom to trust as the broker, and what to show to it.</summary>
/// <param name="Authorities">Certificates that the broker's must lead to; those of the operating system do not count.</param>
/// <param name="ClientCertificate">With its private key.</param>
/// <param name="ServerName">That the broker's certificate must be for; null: the host that is connected to.</param>
public sealed record BrokerTls(X509Certificate2Collection Authorities, X509Certificate2 ClientCertificate, string? ServerName = null)
{
    /// <summary>Reads PEM files.</summary>
    /// <exception cref="UserErrorException">A file cannot be read, or holds something else.</exception>
    public static BrokerTls FromFiles(string authorityFile, string certificateFile, string keyFile, string? serverName = null)
    {
        var authorities = new X509Certificate2Collection();
        Read(authorityFile, "the certificate of the authority, as PEM", () => authorities.ImportFromPemFile(authorityFile));
        if (authorities.Count == 0)
            throw Unreadable(authorityFile, "the certificate of the authority, as PEM", "none", cause: null);
        X509Certificate2? certificate = null;
        Read($"{certificateFile} and {keyFile}", "a certificate and its private key, as PEM", () => certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile));
        return new BrokerTls(authorities, certificate!, serverName);
    }

    internal SslOption ToOption(string host) => new()
    {
        Enabled = true,
        ServerName = ServerName ?? host,
        Certs = [ClientCertificate],
        Version = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors),
    };

    /// <summary>The chain is judged here, so an unknown authority is no error yet; all others are.</summary>
    private bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // a private authority publishes no list
        chain.ChainPolicy.DisableCertificateDownloads = true;
        using var presented = new X509Certificate2(certificate);
        return chain.Build(presented);
    }

    private static void Read(string place, string expected, Action read)
    {
        try
        {
            read();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Unreadable(place, expected, failure.Message, failure);
        }
    }

    private static UserErrorException Unreadable(string place, string expected, string found, Exception? cause) =>
        new(UserErrorKind.Options, place, expected, found, "See docs/broker.md for how to make certificates.", cause);
}
