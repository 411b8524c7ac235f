using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Clusters;
using SplitActors.Inference;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

public sealed class BrokerDefinitionsTests
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(10);

    /// <summary>To change the file, write what this compares it with.</summary>
    [Fact]
    public void DeployedExample_IsWhatTheTransportNeeds() => Assert.Equal(
        BrokerDefinitions.Of([new BrokerUser("scheduler", BrokerRole.Scheduler), new BrokerUser("gpu1", BrokerRole.Worker), new BrokerUser("gateway1", BrokerRole.Device)]) + "\n",
        File.ReadAllText(Repository.PathTo("deploy", "rabbitmq", "definitions.json")));

    [Theory]
    [InlineData("configure", "edge/d1/1", true)]
    [InlineData("configure", "edge/d1", false)]
    [InlineData("configure", "edge/d10/1", false)]
    [InlineData("configure", "edge/d1/1/2", false)]
    [InlineData("configure", "ingress", false)]
    [InlineData("write", "ingress", true)]
    [InlineData("write", "fabric", false)]
    [InlineData("write", "amq.default", false)]
    [InlineData("read", "fabric", true)]
    [InlineData("read", "ingress", false)]
    [InlineData("read", "scheduler", false)]
    public void Device_MayDoWhatIsIts(string permission, string name, bool isAllowed)
    {
        var permissions = Definitions(new BrokerUser("d1", BrokerRole.Device)).GetProperty("permissions")[0];
        Assert.Equal(isAllowed, Regex.IsMatch(name, permissions.GetProperty(permission).GetString()!, RegexOptions.None, MatchTimeout));
    }

    [Fact]
    public void PasswordHash_IsSaltAndDigest()
    {
        var hash = Convert.FromBase64String(BrokerDefinitions.HashPassword("secret", [1, 2, 3, 4]));
        Assert.Equal([1, 2, 3, 4], hash[..4]);
        Assert.Equal(36, hash.Length);
        Assert.NotEqual(BrokerDefinitions.HashPassword("secret", [1, 2, 3, 4]), BrokerDefinitions.HashPassword("secret", [1, 2, 3, 5]), StringComparer.Ordinal);
    }

    [Fact]
    public async Task DeployedScript_HashesAsTheBrokerDoes()
    {
        const string Password = "a 'password' with \\ and ü";
        var start = new ProcessStartInfo("bash") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(Repository.PathTo("deploy", "rabbitmq", "hash-password.sh"));
        using var script = Process.Start(start)!;
        await script.StandardInput.WriteLineAsync(Password);
        script.StandardInput.Close();
        var hash = (await script.StandardOutput.ReadToEndAsync()).Trim();

        Assert.Equal(BrokerDefinitions.HashPassword(Password, Convert.FromBase64String(hash).AsSpan(0, BrokerDefinitions.SaltBytes)), hash, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("d.*", BrokerRole.Device)]
    [InlineData("d/1", BrokerRole.Device)]
    [InlineData("", BrokerRole.Worker)]
    [InlineData("scheduler", BrokerRole.Device)]
    [InlineData("another", BrokerRole.Scheduler)]
    public void UserNames_ThatWouldAllowMore_AreRefused(string name, BrokerRole role) =>
        Assert.Throws<UserErrorException>(() => BrokerDefinitions.Of([new BrokerUser(name, role)]));

    [Fact]
    public void Options_NameTheirUser_WithoutThePassword()
    {
        var options = new RabbitMqOptions { Host = "broker", User = "d1", Password = "secret" };
        Assert.Equal("d1@broker:5672/splitactors", options.ToString());
        Assert.Throws<UserErrorException>((options with { User = "d1/x" }).Validate);
        Assert.Throws<UserErrorException>((options with { PartBytesMax = 512 }).Validate);
        Assert.Throws<ArgumentOutOfRangeException>((options with { Heartbeat = TimeSpan.Zero }).Validate);
    }

    [Fact]
    public void TlsFiles_ThatAreNone_AreNamed()
    {
        using var authority = TestAuthority.Create("Files");
        using var own = authority.Issue("d1");
        var folder = Directory.CreateTempSubdirectory("splitactors-tls-").FullName;
        string Write(string name, string text)
        {
            File.WriteAllText(Path.Combine(folder, name), text);
            return Path.Combine(folder, name);
        }

        var (authorityFile, certificateFile, keyFile) = (Write("ca.pem", authority.Pem), Write("own.pem", own.ExportCertificatePem()), Write("own.key", CertificateAuthority.KeyPemOf(own)));
        var tls = BrokerTls.FromFiles(authorityFile, certificateFile, keyFile);
        Assert.True(tls.ClientCertificate.HasPrivateKey);
        Assert.Single(tls.Authorities);
        Assert.Contains("own.key", Assert.Throws<UserErrorException>(() => BrokerTls.FromFiles(authorityFile, certificateFile, Path.Combine(folder, "none", "own.key"))).Message, StringComparison.Ordinal);
        Assert.Contains("empty.pem", Assert.Throws<UserErrorException>(() => BrokerTls.FromFiles(Write("empty.pem", ""), certificateFile, keyFile)).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    private static JsonElement Definitions(BrokerUser user) => JsonDocument.Parse(BrokerDefinitions.Of([user])).RootElement;
}
