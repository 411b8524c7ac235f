using SplitActors.Hosts.Clusters;
using SplitActors.Hosts.Tests.Nodes;
using SplitActors.Hosts.Tests.Processes;

namespace SplitActors.Hosts.Tests.Clusters;

/// <summary>Each thing that can be wrong with a process's files has an error of its own, before anything starts.</summary>
public sealed class NodeCertificateTests : IDisposable
{
    private readonly TemporaryFolder _place = new();
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("Test", TimeProvider.System, TimeSpan.FromDays(2));

    public void Dispose()
    {
        _authority.Dispose();
        _place.Dispose();
    }

    [Theory]
    [InlineData("gpu1/node.pem", null, "gpu1/node.pem: expected a file in PEM that can be read, found no such file")]
    [InlineData("gpu1/node.key", null, "gpu1/node.key: expected a file in PEM that can be read, found no such file")]
    [InlineData("gpu1/nodes.pem", null, "gpu1/nodes.pem: expected a file in PEM that can be read, found no such file")]
    [InlineData("gpu1/node.pem", "gpu1/node.key", "gpu1/node.pem: expected a certificate in PEM, found a key")]
    [InlineData("gpu1/node.key", "gpu1/node.pem", "gpu1/node.key: expected a private key in PEM, without a password, found a certificate")]
    [InlineData("gpu1/node.key", "gpu2/node.key", "gpu1/node.key: expected the key of the certificate in", "found the key of another one")]
    [InlineData("gpu1/nodes.pem", "authorities/devices.pem", "gpu1/node.pem: expected a certificate of the authority in", "found one of SplitActors nodes")]
    public async Task Worker_WithAWrongFile_SaysWhich(string file, string? replacement, params string[] named)
    {
        await InitAsync();
        if (replacement is null)
            File.Delete(_place.PathTo("c", file));
        else
            File.Copy(_place.PathTo("c", replacement), _place.PathTo("c", file), overwrite: true);

        (await WorkerAsync()).Refused(ExitCode.Options, named);
    }

    [Theory]
    [InlineData(-3, -1, "127.0.0.1", "found one that expired on", "--replace")]
    [InlineData(1, 3, "127.0.0.1", "found one that is not valid yet", "clock")]
    [InlineData(-1, 1, "elsewhere.example", "for the host of --listen, 127.0.0.1, found one for elsewhere.example")]
    public async Task Worker_WithACertificateOfAnotherTimeOrPlace_SaysSo(int from, int until, string host, params string[] named)
    {
        await InitAsync();
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = _authority.Issue("gpu1", [host], now.AddHours(from), now.AddHours(until));
        File.WriteAllText(_place.PathTo("c", "gpu1", "nodes.pem"), _authority.Pem);
        File.WriteAllText(_place.PathTo("c", "gpu1", "node.pem"), certificate.ExportCertificatePem());
        PrivateFile.Write(_place.PathTo("c", "gpu1", "node.key"), CertificateAuthority.KeyPemOf(certificate));

        (await WorkerAsync()).Refused(ExitCode.Options, ["gpu1/node.pem", .. named]);
    }

    [Fact]
    public async Task Worker_WithoutAllThree_NamesTheMissingOne()
    {
        await InitAsync();

        (await SplitActorsProcess.RunAsync("worker", "--tls-certificate", "a.pem", "--tls-key", "a.key")).Refused(ExitCode.Options, "--tls-authority", "Give all three");
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("scheduler")]
    [InlineData("cloud")]
    public async Task Member_BetweenMachinesWithoutCertificates_IsRefused_WithTheCommandThatMakesThem(string command)
    {
        (await SplitActorsProcess.RunAsync(command, "--listen", "192.0.2.1:7070")).Refused(ExitCode.Options, "--listen", "192.0.2.1:7070", "splitactors cluster init");
        (await SplitActorsProcess.RunAsync(command, "--join", "192.0.2.1:7070")).Refused(ExitCode.Options, "--join", "192.0.2.1:7070", "splitactors cluster init");
    }

    [Fact]
    public async Task Worker_WithAKeyThatOthersRead_Warns()
    {
        await InitAsync();
        if (OperatingSystem.IsWindows())
            return; // which has no such modes
        File.SetUnixFileMode(_place.PathTo("c", "gpu1", "node.key"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        using var worker = new NodeProcess(["worker", "--config", _place.PathTo("c", "gpu1.conf"), "--threads", "1"]);

        Assert.Contains("gpu1/node.key can be read or written by others", await worker.EventAsync("warning"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_WithACertificateThatExpiresSoon_Warns()
    {
        await InitAsync("--days", "10");
        using var worker = new NodeProcess(["worker", "--config", _place.PathTo("c", "gpu1.conf"), "--threads", "1"]);

        Assert.Contains("gpu1/node.pem expires on", await worker.EventAsync("warning"), StringComparison.Ordinal);
    }

    private async Task InitAsync(params string[] options) =>
        (await SplitActorsProcess.RunAsync(
            ["cluster", "init", _place.PathTo("c"), "--node", "cloud1", "--node", "gpu1", "--node", "gpu2", "--port", $"{MemberFolder.FreePort()}", .. options])).Succeeded();

    private Task<ProcessResult> WorkerAsync() => SplitActorsProcess.RunAsync("worker", "--config", _place.PathTo("c", "gpu1.conf"));
}
