using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SplitActors.Actors.Cluster;
using SplitActors.Hosts.Cli;
using SplitActors.Hosts.Files;
using SplitActors.Inference;

namespace SplitActors.Hosts.Clusters;

/// <summary>As whom a process speaks to others, and whom it believes, read from files that are checked before anything starts.</summary>
/// <param name="Own">With its key.</param>
/// <param name="Authority">Of all nodes.</param>
/// <param name="Warnings">What works and should not be so, in a sentence each.</param>
internal sealed record NodeCertificate(X509Certificate2 Own, X509Certificate2 Authority, ImmutableArray<string> Warnings)
{
    private const int BytesMax = 1 << 16;
    private const string CertificateLabel = "CERTIFICATE";
    private const string NextStep = "Correct the path, or make the files with `splitactors cluster init`.";

    private static readonly TimeSpan ExpiresSoon = TimeSpan.FromDays(30);

    public static readonly Setting Certificate = Setting.Value("tls-certificate", "FILE", "Certificate of this process for mutual TLS between nodes (PEM), as `splitactors cluster init` makes it. Default: none, and addresses of this machine only.");
    public static readonly Setting Key = Setting.Value("tls-key", "FILE", "The certificate's private key (PEM).");
    public static readonly Setting AuthorityFile = Setting.Value("tls-authority", "FILE", "Certificate of the authority that signs those of all nodes (PEM). No other one counts.");

    public static readonly IReadOnlyList<Setting> Settings = [Certificate, Key, AuthorityFile];

    /// <param name="settings">Of the process; files are relative to the file that names them.</param>
    /// <param name="host">By which others reach it.</param>
    /// <param name="clock">Tells what is valid.</param>
    /// <returns>Null: none is given.</returns>
    /// <exception cref="UserErrorException">A file is missing or wrong, or they do not belong together.</exception>
    public static NodeCertificate? Read(SettingReader settings, string host, TimeProvider clock)
    {
        if (Settings.All(setting => settings.Find(setting) is null))
            return null;
        if (Settings.FirstOrDefault(setting => settings.Find(setting) is null) is { } missing)
        {
            throw new UserErrorException(
                UserErrorKind.Options, $"--{missing.Name}", string.Join(", ", Settings.Select(setting => $"--{setting.Name}")), "no such one", "Give all three, or none on one machine.");
        }

        var (certificateFile, keyFile, authorityFile) = (PathOf(settings, Certificate), PathOf(settings, Key), PathOf(settings, AuthorityFile));
        var certificate = ReadCertificate(certificateFile);
        var authority = ReadCertificate(authorityFile);
        var own = WithKey(certificate, certificateFile, keyFile);
        RequireValid(own, certificateFile, clock);
        if (new NodeTls(own, authority, clock).WhyRefused(own, SslPolicyErrors.None) is not null)
            throw Wrong(certificateFile, $"a certificate of the authority in {authorityFile}", $"one of {NameOf(own.IssuerName)}");
        if (!own.MatchesHostname(host))
            throw Wrong(certificateFile, $"a certificate for the host of --listen, {host}", $"one for {HostsOf(own)}");
        return new NodeCertificate(own, authority, [.. WarningsOf(keyFile), .. WarningsOf(own, certificateFile, clock)]);
    }

    private static string PathOf(SettingReader settings, Setting setting) => Path.Combine(settings.FolderOf(setting), settings.Text(setting)!);

    private static X509Certificate2 ReadCertificate(string file)
    {
        var (text, label) = ReadPem(file);
        if (label != CertificateLabel)
            throw Wrong(file, "a certificate in PEM", label.EndsWith("KEY", StringComparison.Ordinal) ? "a key" : $"'{label}'");
        try
        {
            return X509Certificate2.CreateFromPem(text);
        }
        catch (CryptographicException)
        {
            throw Wrong(file, "a certificate in PEM", "a damaged one");
        }
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, string certificateFile, string keyFile)
    {
        var (text, label) = ReadPem(keyFile);
        if (!label.EndsWith("PRIVATE KEY", StringComparison.Ordinal) || label.StartsWith("ENCRYPTED", StringComparison.Ordinal))
            throw Wrong(keyFile, "a private key in PEM, without a password", label == CertificateLabel ? "a certificate" : $"'{label}'");
        try
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(text);
            if (!key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo()))
                throw Wrong(keyFile, $"the key of the certificate in {certificateFile}", "the key of another one");
            var own = certificate.CopyWithPrivateKey(key);
            return OperatingSystem.IsWindows() ? X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pfx), password: null) : own; // there, TLS takes no key that is in memory alone
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw Wrong(keyFile, "a private key on an elliptic curve, in PEM", "another or a damaged one");
        }
    }

    private static (string Text, string Label) ReadPem(string file)
    {
        if (InputFile.Read(file, BytesMax, out var found) is not { } bytes)
            throw Wrong(file, "a file in PEM that can be read", found);
        return Utf8Text.Decode(bytes.Span, out _) is { } text && PemEncoding.TryFind(text, out var fields) ? (text, text[fields.Label]) : throw Wrong(file, "a file in PEM", "something else");
    }

    private static void RequireValid(X509Certificate2 own, string file, TimeProvider clock)
    {
        var (now, from, until) = (clock.GetUtcNow(), new DateTimeOffset(own.NotBefore), new DateTimeOffset(own.NotAfter));
        if (now < from)
            throw NotNow($"one that is not valid yet, but from {from.UtcDateTime:yyyy-MM-dd HH:mm} UTC on");
        if (now > until)
            throw NotNow($"one that expired on {until.UtcDateTime:yyyy-MM-dd HH:mm} UTC");

        UserErrorException NotNow(FormattableString found) => new(
            UserErrorKind.Options, file, FormattableString.Invariant($"a certificate that is valid now, {now:yyyy-MM-dd HH:mm} UTC"), FormattableString.Invariant(found),
            "Correct this machine's clock, or make the certificates anew: `splitactors cluster init … --replace`.");
    }

    private static IEnumerable<string> WarningsOf(string keyFile)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(keyFile) & Others) != UnixFileMode.None)
            yield return $"The key {keyFile} can be read or written by others. Take that away: chmod 600 {keyFile}";
    }

    private static IEnumerable<string> WarningsOf(X509Certificate2 own, string file, TimeProvider clock)
    {
        if (new DateTimeOffset(own.NotAfter) is var until && until - clock.GetUtcNow() < ExpiresSoon)
            yield return FormattableString.Invariant($"The certificate {file} expires on {until.UtcDateTime:yyyy-MM-dd HH:mm} UTC. Make a new one before that");
    }

    private static string NameOf(X500DistinguishedName name) => name.EnumerateRelativeDistinguishedNames().FirstOrDefault()?.GetSingleElementValue() ?? name.Name;

    private static string HostsOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is { } names
            ? string.Join(", ", names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => $"{address}")))
            : "no host";

    private static UserErrorException Wrong(string file, string expected, string found) => new(UserErrorKind.Options, file, expected, found, NextStep);
}
