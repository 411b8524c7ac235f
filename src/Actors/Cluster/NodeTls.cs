using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Remote.Transport.DotNetty;

namespace SplitActors.Actors.Cluster;

/// <summary>
/// Mutual TLS between nodes: who speaks to this one, and whom it speaks to, must show a certificate of the cluster's own authority of nodes, valid now and, where it was dialled, for the host
/// by which it was. No other authority counts, also none that the machine trusts.
/// </summary>
/// <param name="own">With the private key; for clients and for servers.</param>
/// <param name="authority">Signs the certificates of nodes, and of nothing else.</param>
/// <param name="clock">Tells which certificates are valid.</param>
/// <param name="report">Told why a peer was refused, once for each machine, certificate and reason.</param>
public sealed class NodeTls(X509Certificate2 own, X509Certificate2 authority, TimeProvider clock, Action<string>? report = null)
{
    private const int ReportsMax = 256;

    private readonly ConcurrentDictionary<string, bool> _reported = new(StringComparer.Ordinal);

    internal NodeTlsSetup ToFailuresSetup() => new(this);

    internal DotNettySslSetup ToSetup() => new(
        own, suppressValidation: false, requireMutualAuthentication: true, validateCertificateHostname: true, (certificate, _, peer, errors, _) => Accepts(certificate, peer, errors));

    /// <summary>Why a certificate is refused; null: it is good.</summary>
    /// <param name="certificate">The peer's; null: it showed none.</param>
    /// <param name="errors">What TLS found; the chain is checked anew.</param>
    public TlsRefusal? WhyRefused(X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return TlsRefusal.Always("it shows no certificate");
        var (now, from, until) = (clock.GetUtcNow(), new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        if (now < from || now > until)
        {
            var validity = FormattableString.Invariant($"its certificate of {NameOf(certificate)} is valid from {from:yyyy-MM-dd HH:mm} to {until:yyyy-MM-dd HH:mm} UTC");
            return new TlsRefusal(validity, FormattableString.Invariant($"{validity}, and here it is {now:yyyy-MM-dd HH:mm}"));
        }

        if (!IsIssuedBy(certificate, now))
            return TlsRefusal.Always($"its certificate of {NameOf(certificate)} is not of this cluster's authority of nodes");
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? TlsRefusal.Always($"its certificate of {NameOf(certificate)} is not for the host that was dialled") : null;
    }

    /// <summary>Tells of a reason once for each machine: a peer that tries again does so from another port.</summary>
    /// <param name="peer">HOST:PORT.</param>
    internal void Report(string peer, TlsRefusal refusal)
    {
        var machine = peer.LastIndexOf(':') is > 0 and var colon ? peer[..colon] : peer;
        if (_reported.Count < ReportsMax && _reported.TryAdd($"{machine} {refusal.Cause}", value: true))
            report?.Invoke($"refused a connection with {peer}: {refusal.Why}. Further ones like it are not reported.");
    }

    private static string NameOf(X509Certificate2 certificate) => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    private bool Accepts(X509Certificate2? certificate, string peer, SslPolicyErrors errors)
    {
        var refusal = WhyRefused(certificate, errors);
        if (refusal is not null)
            Report(peer, refusal);
        return refusal is null;
    }

    private bool IsIssuedBy(X509Certificate2 certificate, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        try
        {
            return chain.Build(certificate);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}

/// <summary>Why a peer is refused.</summary>
/// <param name="Cause">The same each time that it comes, whatever the time: it is told of once.</param>
/// <param name="Why">In words.</param>
public sealed record TlsRefusal(string Cause, string Why)
{
    /// <summary>One whose words do not change.</summary>
    internal static TlsRefusal Always(string why) => new(why, why);
}
