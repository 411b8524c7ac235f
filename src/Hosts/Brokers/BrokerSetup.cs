using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using System.Text.Json;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Clusters;
using SplitActors.Inference;

namespace SplitActors.Hosts.Brokers;

/// <summary>Makes a <see cref="BrokerFolder"/>, and adds users to it.</summary>
/// <param name="folder">To write.</param>
/// <param name="replaces">Whether what is there may be lost.</param>
internal sealed class BrokerSetup(BrokerFolder folder, bool replaces)
{
    /// <summary>Of the scheduler and a worker in one process.</summary>
    public const string CloudConfig = "cloud.json";

    private const string WorkerUriKey = "worker-amqp";
    private const int PasswordBytes = 24;

    /// <summary>Files and folders are called so.</summary>
    private static readonly string[] TakenNames = [BrokerFolder.AuthorityName, BrokerFolder.BrokerName, "cloud", "definitions"];

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, string> _uris = new(StringComparer.Ordinal);

    /// <summary>Writes everything, with the scheduler's user beside the others.</summary>
    /// <param name="lifetime">Of all certificates, also those that are added later.</param>
    /// <exception cref="UserErrorException">A name cannot be a user's, something else is in the folder, or it cannot be written.</exception>
    public void Create(IReadOnlyList<BrokerUser> users, TimeProvider clock, TimeSpan lifetime)
    {
        users = [new BrokerUser(BrokerFolder.SchedulerName, BrokerRole.Scheduler), .. users];
        RequireNames(users);
        RequireRoom();
        Write(() =>
        {
            Directory.CreateDirectory(folder.Path);
            folder.Lease().Dispose();
            Directory.Delete(folder.File(PrivateBroker.DataFolder), recursive: true); // of a broker before, with its users
            using var authority = CertificateAuthority.Create("SplitActors broker", clock, lifetime);
            File.WriteAllText(folder.File($"{BrokerFolder.AuthorityName}.pem"), authority.Pem);
            PrivateFile.Write(folder.File($"{BrokerFolder.AuthorityName}.key"), authority.KeyPem);
            using var certificate = authority.Issue(BrokerFolder.BrokerName, [.. new[] { folder.Host, "localhost", "127.0.0.1", "::1" }.Distinct(StringComparer.Ordinal)]);
            WriteCertificate(BrokerFolder.BrokerName, certificate);
            File.WriteAllText(folder.File(PrivateBroker.SettingsFile), Settings());
            PrivateFile.Write(folder.File(BrokerFolder.DefinitionsFile), BrokerDefinitions.Of([.. users.Select(user => Admit(user, authority))]));
            if (users.FirstOrDefault(user => user.Role == BrokerRole.Worker) is { } worker)
                WriteConfig(CloudConfig, (BrokerFolder.UriKey, _uris[BrokerFolder.SchedulerName]), (WorkerUriKey, _uris[worker.Name]));
        });
    }

    /// <summary>Adds users. The broker learns of them from its definitions.</summary>
    /// <exception cref="UserErrorException">A name is taken or cannot be a user's, or a file cannot be read or written.</exception>
    public void Add(IReadOnlyList<BrokerUser> users)
    {
        RequireNames(users);
        var path = folder.File(BrokerFolder.DefinitionsFile);
        var definitions = BrokerDefinitionsText.Parse(path, BrokerFolder.Read(path));
        if (!replaces && users.FirstOrDefault(user => definitions.Has(user.Name)) is { } known)
            throw new UserErrorException(UserErrorKind.Options, path, $"no user {known.Name} yet", "one", "Take another name, or --force for a new certificate and password.");
        using var authority = ReadAuthority();
        Write(() =>
        {
            definitions.Put(BrokerDefinitions.Of([.. users.Select(user => Admit(user, authority))]));
            PrivateFile.Write(path, definitions.ToString());
        });
    }

    private static void RequireNames(IReadOnlyList<BrokerUser> users)
    {
        if (users.FirstOrDefault(user => TakenNames.Contains(user.Name, StringComparer.OrdinalIgnoreCase)) is { } taken)
            throw new UserErrorException(UserErrorKind.Options, $"The user {taken.Name}", $"another name than {string.Join(", ", TakenNames)}", "one of them", "Take another name, as files are called so.");
        if (users.GroupBy(user => user.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new UserErrorException(UserErrorKind.Options, $"The user {twice.Key}", "names that differ", "two that are alike", "Take another name for one of them.");
        _ = BrokerDefinitions.Of(users); // refuses names that would allow more
    }

    private void RequireRoom()
    {
        var isBroker = File.Exists(folder.File(BrokerFolder.DefinitionsFile));
        if (File.Exists(folder.Path) || (!isBroker && Directory.Exists(folder.Path) && Directory.EnumerateFileSystemEntries(folder.Path).Any()))
            throw new UserErrorException(UserErrorKind.Output, folder.Path, "a folder that is new or empty", "other files", "Name another folder.");
        if (isBroker && !replaces)
            throw new UserErrorException(UserErrorKind.Output, folder.Path, "a folder that is new or empty", "a broker's", "Name another, add users with `splitactors broker add`, or make all keys and passwords anew with --force.");
    }

    private void Write(Action write)
    {
        try
        {
            write();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException(UserErrorKind.Output, folder.Path, "a folder that can be written", failure.Message.TrimEnd('.'), "Make room, or name another folder.", failure);
        }
    }

    /// <summary>Those that are deployed, but for places, which are in this folder.</summary>
    private string Settings()
    {
        using var deployed = new StreamReader(typeof(BrokerSetup).Assembly.GetManifestResourceStream(PrivateBroker.SettingsFile)!);
        return BrokerSettings.With(deployed.ReadToEnd(), new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["listeners.ssl.default"] = null,
            [BrokerFolder.ListenerKey] = $"{folder.Endpoint.Address}:{folder.Endpoint.Port}",
            ["ssl_options.cacertfile"] = $"{BrokerFolder.AuthorityName}.pem",
            ["ssl_options.certfile"] = $"{BrokerFolder.BrokerName}.pem",
            ["ssl_options.keyfile"] = $"{BrokerFolder.BrokerName}.key",
            ["load_definitions"] = BrokerFolder.DefinitionsFile,
        });
    }

    private CertificateAuthority ReadAuthority()
    {
        var (file, keyFile) = (folder.File($"{BrokerFolder.AuthorityName}.pem"), folder.File($"{BrokerFolder.AuthorityName}.key"));
        try
        {
            return CertificateAuthority.FromPem(BrokerFolder.Read(file), BrokerFolder.Read(keyFile));
        }
        catch (CryptographicException failure)
        {
            throw new UserErrorException(UserErrorKind.Options, $"{file} and {keyFile}", "the authority's certificate and key", failure.Message.TrimEnd('.'), "Put them back from a copy.", failure);
        }
    }

    /// <summary>Writes what the user needs.</summary>
    /// <returns>The user as the broker is to know it.</returns>
    private BrokerUser Admit(BrokerUser user, CertificateAuthority authority)
    {
        using var certificate = authority.Issue(user.Name);
        WriteCertificate(user.Name, certificate);
        var password = RandomNumberGenerator.GetHexString(2 * PasswordBytes, lowercase: true);
        _uris[user.Name] = $"{folder.UriOf($"{user.Name}:{password}@")}?cacertfile={BrokerFolder.AuthorityName}.pem&certfile={user.Name}.pem&keyfile={user.Name}.key";
        WriteConfig($"{user.Name}.json", (BrokerFolder.UriKey, _uris[user.Name]));
        return user with { PasswordHash = BrokerDefinitions.HashPassword(password, RandomNumberGenerator.GetBytes(BrokerDefinitions.SaltBytes)) };
    }

    private void WriteCertificate(string name, X509Certificate2 certificate)
    {
        File.WriteAllText(folder.File($"{name}.pem"), certificate.ExportCertificatePem());
        PrivateFile.Write(folder.File($"{name}.key"), CertificateAuthority.KeyPemOf(certificate));
    }

    private void WriteConfig(string name, params IEnumerable<(string Key, string Value)> values) =>
        PrivateFile.Write(folder.File(name), JsonSerializer.Serialize(new { splitactors = values.ToDictionary(value => value.Key, value => value.Value, StringComparer.Ordinal) }, Format) + "\n");
}
