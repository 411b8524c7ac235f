using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Clusters;
using SplitActors.Inference;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

public sealed class BrokerUriTests
{
    private const string Secret = "secret";

    [Theory]
    [InlineData("amqp://d1:secret@localhost", "d1@localhost:5672/splitactors")]
    [InlineData("amqp://d1:secret@localhost/", "d1@localhost:5672/splitactors")]
    [InlineData("amqp://d1:secret@127.0.0.1:99/other%2Fone", "d1@127.0.0.1:99/other/one")]
    [InlineData("amqp://d1:secret@[::1]:99/%2F", "d1@::1:99//")]
    public void Parse_WithoutTls_NamesBrokerAndUser(string uri, string described)
    {
        var options = BrokerUri.Parse(uri, "--amqp", ".");
        Assert.Equal(described, options.ToString());
        Assert.Equal(Secret, options.Password);
        Assert.Null(options.Tls);
    }

    [Fact]
    public void Parse_PasswordWithSpecialCharacters_IsUnescaped() =>
        Assert.Equal("a:b@c/d%", BrokerUri.Parse("amqp://d1:a:b%40c%2Fd%25@localhost", "--amqp", ".").Password);

    [Fact]
    public void Parse_WithTls_ReadsFilesRelativeToTheFolder()
    {
        using var authority = TestAuthority.Create("URI");
        using var own = authority.Issue("d1");
        var folder = Directory.CreateTempSubdirectory("splitactors-uri-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "my tls"));
        foreach (var (name, text) in new[] { ("ca.pem", authority.Pem), ("d1.pem", own.ExportCertificatePem()), ("d1.key", CertificateAuthority.KeyPemOf(own)) })
            File.WriteAllText(Path.Combine(folder, "my tls", name), text);

        const string Uri = "amqps://d1:secret@broker.example/?cacertfile=my%20tls/ca.pem&certfile=my%20tls/d1.pem&keyfile=my%20tls/d1.key&verify=verify_peer";
        var options = BrokerUri.Parse(Uri, "--amqp", folder);
        Assert.Equal("d1@broker.example:5671/splitactors with TLS", options.ToString());
        Assert.Equal(own.Thumbprint, options.Tls!.ClientCertificate.Thumbprint);
        Assert.Null(options.Tls.ServerName);
        Assert.Equal("other.example", BrokerUri.Parse($"{Uri}&server_name_indication=other.example", "--amqp", folder).Tls!.ServerName);
        Assert.Contains("ca.pem", Assert.Throws<UserErrorException>(() => BrokerUri.Parse(Uri, "--amqp", Path.Combine(folder, "elsewhere"))).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("", "amqps://")]
    [InlineData("localhost:5671", "amqps://")]
    [InlineData("d1:secret@localhost", "amqps://")]
    [InlineData("http://d1:secret@localhost", "http://")]
    [InlineData("amqps://", "amqps://")]
    [InlineData("amqp://localhost", "no user")]
    [InlineData("amqp://d1@localhost", "no password")]
    [InlineData("amqp://d1:@localhost", "no password")]
    [InlineData("amqp://d.1:secret@localhost", "d.1")]
    [InlineData("amqp://d1:sec/secret@localhost", "%40")]
    [InlineData("amqp://d1:secret#@localhost", "%40")]
    [InlineData("amqp://d1:secret@localhost:0x5", "%40")]
    [InlineData("amqp://d1:secret@broker.example", "amqps:// for a broker on another machine")]
    [InlineData("amqp://d1:secret@10.0.0.1", "amqps:// for a broker on another machine")]
    [InlineData("amqp://d1:secret@localhost.example", "amqps:// for a broker on another machine")]
    [InlineData("amqp://d1:secret@localhost?cacertfile=ca.pem", "cacertfile")]
    [InlineData("amqps://d1:secret@localhost", "cacertfile=FILE")]
    [InlineData("amqps://d1:secret@localhost?cacertfile=a&certfile=b", "keyfile=FILE")]
    [InlineData("amqps://d1:secret@localhost?cacertfile=a&cacertfile=b", "found two")]
    [InlineData("amqps://d1:secret@localhost?cacertfile=", "cacertfile: expected a value")]
    [InlineData("amqps://d1:secret@localhost?verify=verify_none", "verify_none")]
    [InlineData("amqps://d1:secret@localhost?color=blue", "color")]
    public void Parse_OfAnythingElse_SaysWhatIsWrong_WithoutThePassword(string uri, string named)
    {
        var error = Assert.Throws<UserErrorException>(() => BrokerUri.Parse(uri, "cluster/d1.json, amqp", "."));
        Assert.Equal(UserErrorKind.Options, error.Kind);
        Assert.StartsWith("cluster/d1.json, amqp", error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.Message, StringComparison.Ordinal);
    }
}
