using System.Security.Cryptography.X509Certificates;
using SplitActors.Hosts.Files;
using SplitActors.Inference;

namespace SplitActors.Hosts.Clusters;

/// <summary>
/// What the processes of a cluster need: two authorities, and for each process NAME a file of settings <c>NAME.conf</c> and a folder <c>NAME/</c> with its certificates and keys. A process's machine
/// needs these two, and never the authorities' keys.
/// </summary>
/// <param name="Path">Of the folder.</param>
internal sealed record ClusterFolder(string Path)
{
    /// <summary>A folder in it, for whoever issues certificates.</summary>
    public const string Authorities = "authorities";

    private const string NodesAuthority = "nodes";
    private const string DevicesAuthority = "devices";
    private const string UnfinishedSuffix = ".unfinished";
    private const string ReplacedSuffix = ".replaced";

    private static readonly string[] Loopback = ["localhost", "127.0.0.1"];

    private string Unfinished => Sibling(UnfinishedSuffix);

    public string ConfigOf(ClusterProcess process) => System.IO.Path.Combine(Path, $"{process.Name}.conf");

    /// <summary>Makes the folder as a whole or not at all.</summary>
    /// <param name="plan">Its processes.</param>
    /// <param name="replaces">What is there may be lost, if it is such a folder.</param>
    /// <param name="clock">From when certificates are valid.</param>
    /// <param name="lifetime">Of all certificates.</param>
    /// <returns>False: it is there as it is asked for.</returns>
    /// <exception cref="UserErrorException">Something else is there, or it cannot be written.</exception>
    public bool Create(ClusterPlan plan, bool replaces, TimeProvider clock, TimeSpan lifetime)
    {
        try
        {
            if (!RequireRoom(plan, replaces))
                return false;
            Remove(Unfinished); // of a run that was interrupted
            try
            {
                WriteAll(plan, clock, lifetime);
                MoveInPlace();
            }
            finally
            {
                Remove(Unfinished);
            }

            return true;
        }
        catch (Exception failure) when (FileFault.Is(failure))
        {
            throw new UserErrorException(UserErrorKind.Output, Path, "a folder that can be written", FileFault.Describe(failure), "Make room, or name another folder.", failure);
        }
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    /// <returns>False: it is there already.</returns>
    private bool RequireRoom(ClusterPlan plan, bool replaces)
    {
        if (File.Exists(Path))
            throw Taken("a file");
        if (!Directory.Exists(Path) || !Directory.EnumerateFileSystemEntries(Path).Any())
            return true;
        if (!Directory.Exists(System.IO.Path.Combine(Path, Authorities)))
            throw Taken("something else in it");
        if (replaces)
            return true;
        return IsAsAsked(plan) ? false : throw Taken("another cluster's files");

        UserErrorException Taken(string found) => new(
            UserErrorKind.Output, Path, "no such folder yet, or an empty one", found, "Name another folder, or give --replace for new keys and certificates in place of a cluster's files.");
    }

    private bool IsAsAsked(ClusterPlan plan) =>
        Directory.GetFiles(Path, "*.conf").Length == plan.Processes.Length
        && plan.Processes.All(process => File.Exists(ConfigOf(process)) && File.ReadAllText(ConfigOf(process)) == ProcessConfig.Of(plan, process, Path) && HasCertificates(process));

    private bool HasCertificates(ClusterProcess process) =>
        ProcessConfig.FilesOf(process).All(file => File.Exists(System.IO.Path.Combine(Path, process.Name, file)));

    private void WriteAll(ClusterPlan plan, TimeProvider clock, TimeSpan lifetime)
    {
        using var nodes = CertificateAuthority.Create("SplitActors nodes", clock, lifetime);
        using var devices = CertificateAuthority.Create("SplitActors devices", clock, lifetime);
        NewFolder(Unfinished);
        NewFolder(Unfinished, Authorities);
        WriteAuthority(NodesAuthority, nodes);
        WriteAuthority(DevicesAuthority, devices);
        foreach (var process in plan.Processes)
        {
            NewFolder(Unfinished, process.Name);
            var hosts = process.IsOnThisMachine ? [process.Host, .. Loopback.Where(host => host != process.Host)] : (string[])[process.Host];
            using var member = nodes.Issue(process.Name, hosts);
            Write(process, ProcessConfig.Member, member);
            File.WriteAllText(Place(process.Name, ProcessConfig.MemberAuthority), nodes.Pem);
            if (process.IsDevice)
            {
                using var device = devices.Issue(process.Name);
                Write(process, ProcessConfig.Device, device);
            }

            File.WriteAllText(Place($"{process.Name}.conf"), ProcessConfig.Of(plan, process, Path));
        }
    }

    private void WriteAuthority(string name, CertificateAuthority authority)
    {
        File.WriteAllText(Place(Authorities, $"{name}.pem"), authority.Pem);
        PrivateFile.Write(Place(Authorities, $"{name}.key"), authority.KeyPem);
    }

    private void Write(ClusterProcess process, string name, X509Certificate2 certificate)
    {
        File.WriteAllText(Place(process.Name, $"{name}.pem"), certificate.ExportCertificatePem());
        PrivateFile.Write(Place(process.Name, $"{name}.key"), CertificateAuthority.KeyPemOf(certificate));
    }

    private void MoveInPlace()
    {
        var replaced = Sibling(ReplacedSuffix);
        Remove(replaced);
        if (Directory.Exists(Path))
            Directory.Move(Path, replaced);
        Directory.Move(Unfinished, Path);
        Remove(replaced);
    }

    private string Place(params string[] parts) => System.IO.Path.Combine([Unfinished, .. parts]);

    private string Sibling(string suffix) => System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)) + suffix;

    /// <summary>For its owner alone.</summary>
    private static void NewFolder(params string[] parts)
    {
        var folder = System.IO.Path.Combine(parts);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
