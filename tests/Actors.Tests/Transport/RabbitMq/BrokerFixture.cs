using SplitActors.Actors.Transport.RabbitMq;
using SplitActors.Hosts.Brokers;
using SplitActors.Hosts.Clusters;
using SplitActors.Tests.Shared;

namespace SplitActors.Actors.Tests.Transport.RabbitMq;

[CollectionDefinition(Name)]
public sealed class BrokerTests : ICollectionFixture<BrokerFixture>
{
    public const string Name = "RabbitMQ broker";
}

/// <summary>One broker for all tests that do not kill it, with a scheduler's user, two workers' and three devices'.</summary>
public sealed class BrokerFixture : IAsyncLifetime, IDisposable
{
    private readonly CertificateAuthority _authority = TestAuthority.Create("SplitActors tests");
    private BrokerNode? _node;

    internal static IReadOnlyList<BrokerUser> Users { get; } =
    [
        User(BrokerAddress.Scheduler, BrokerRole.Scheduler),
        User("w1", BrokerRole.Worker),
        User("w2", BrokerRole.Worker),
        User("d1", BrokerRole.Device),
        User("d2", BrokerRole.Device),
        User("d3", BrokerRole.Device),
    ];

    internal CertificateAuthority Authority => _authority;

    internal BrokerNode Node => _node ?? throw new InvalidOperationException("No broker was started.");

    public async Task InitializeAsync()
    {
        if (PrivateBroker.Executable is null)
            return; // the tests are skipped
        using var certificate = _authority.Issue("broker", "localhost");
        _node = new BrokerNode(BrokerDefinitions.Of(Users), (_authority.Pem, certificate.ExportCertificatePem(), CertificateAuthority.KeyPemOf(certificate)));
        await _node.StartAsync();
    }

    public Task DisposeAsync()
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _node?.Dispose();
        _node = null;
        _authority.Dispose();
    }

    /// <summary>Options with pauses that suit tests, without TLS.</summary>
    internal static RabbitMqOptions OptionsFor(BrokerNode node, string user) => new()
    {
        Host = "localhost",
        Port = node.Port,
        User = user,
        Password = PasswordOf(user),
        TickPeriod = TimeSpan.FromMilliseconds(50),
        ProbePeriod = TimeSpan.FromMilliseconds(200),
        ReconnectPause = TimeSpan.FromMilliseconds(50),
        ReconnectPauseMax = TimeSpan.FromMilliseconds(500),
    };

    internal static string PasswordOf(string user) => $"the password of {user}";

    private static BrokerUser User(string name, BrokerRole role) =>
        new(name, role) { PasswordHash = BrokerDefinitions.HashPassword(PasswordOf(name), [1, 2, 3, 4]), ConnectionCountMax = 16 };
}
